using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Cli.Webhooks;

/// <summary><c>agentctl webhook enable</c> and <c>disable</c>.</summary>
public static class WebhookSwitchCommand
{
    public static Command Create(string name, string description, bool enabled)
    {
        var id = WebhookCommand.NewId();
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command(name, description) { id, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var request = new UpdateWebhookRequest { Id = parsed.GetRequiredValue(id), UpdateMask = new FieldMask { Paths = { "enabled" } }, Enabled = enabled };
            var webhook = (await connection.Caller.Webhooks.UpdateWebhookAsync(request, CallKey.New(), cancellationToken: cancellation)).Webhook;
            Console.Out.WriteLine($"Webhook {webhook.Id} is {(webhook.Enabled ? "on" : "off")}.");
            return ExitCode.Ok;
        });
        return command;
    }
}
