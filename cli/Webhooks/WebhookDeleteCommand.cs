using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Webhooks;

/// <summary><c>agentctl webhook delete</c>: removes a webhook with all its deliveries.</summary>
public static class WebhookDeleteCommand
{
    public static Command Create()
    {
        var id = WebhookCommand.NewId();
        var yes = new Option<bool>(Confirmation.Option) { Description = "Does not ask" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("delete", "Removes a webhook with all its deliveries.") { id, yes, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var webhooks = connection.Caller.Webhooks;
            var webhook = (await webhooks.GetWebhookAsync(new GetWebhookRequest { Id = parsed.GetRequiredValue(id) }, cancellationToken: cancellation)).Webhook;
            Terminal.Out.Write(WebhookText.Picture(webhook));
            if (!parsed.GetValue(yes) && !Confirmation.Ask("Delete this?"))
                return ExitCode.Failed;
            await webhooks.DeleteWebhookAsync(new DeleteWebhookRequest { Id = webhook.Id }, CallKey.New(), cancellationToken: cancellation);
            Console.Out.WriteLine($"Webhook {webhook.Id} is deleted.");
            return ExitCode.Ok;
        });
        return command;
    }
}
