using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Webhooks;

/// <summary><c>agentctl webhook show</c>: one webhook, or with <c>--delivery</c> one of the messages that were sent.</summary>
public static class WebhookShowCommand
{
    public static Command Create()
    {
        var id = new Argument<string>("ID") { Description = "The webhook's id, or with --delivery a delivery's" };
        var delivery = new Option<bool>("--delivery") { Description = "A delivery: what is posted, and how each attempt went" };
        var json = new Option<bool>("--json") { Description = "As a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("show", "Shows a webhook, or one of its deliveries.") { id, delivery, json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var webhooks = connection.Caller.Webhooks;
            if (parsed.GetValue(delivery))
            {
                var found = await webhooks.GetDeliveryAsync(new GetDeliveryRequest { Id = parsed.GetRequiredValue(id) }, cancellationToken: cancellation);
                if (parsed.GetValue(json))
                    Console.Out.WriteLine(WebhookText.Json(found));
                else
                    Terminal.Out.Write(WebhookText.Picture(found));
                return ExitCode.Ok;
            }
            var webhook = (await webhooks.GetWebhookAsync(new GetWebhookRequest { Id = parsed.GetRequiredValue(id) }, cancellationToken: cancellation)).Webhook;
            if (parsed.GetValue(json))
                Console.Out.WriteLine(WebhookText.Json(webhook));
            else
                Terminal.Out.Write(WebhookText.Picture(webhook));
            return ExitCode.Ok;
        });
        return command;
    }
}
