using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Webhooks;

/// <summary><c>agentctl webhook list</c>: all of them; there are a hundred at most.</summary>
public static class WebhookListCommand
{
    private const int LargestPage = 500;

    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "The whole webhooks, each as a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("list", "Lists webhooks, newest first.") { json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var webhooks = (await connection.Caller.Webhooks.ListWebhooksAsync(new ListWebhooksRequest { PageSize = LargestPage }, cancellationToken: cancellation)).Webhooks;
            if (parsed.GetValue(json))
                webhooks.ToList().ForEach(w => Console.Out.WriteLine(WebhookText.Json(w)));
            else if (webhooks.Count == 0)
                Console.Error.WriteLine("There are no webhooks.");
            else
                Terminal.Out.Write(WebhookText.Table(webhooks));
            return ExitCode.Ok;
        });
        return command;
    }
}
