using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Webhooks;

/// <summary><c>agentctl webhook rotate</c>: a new secret, shown this once; the one before signs beside it for a day.</summary>
public static class WebhookRotateCommand
{
    public static Command Create()
    {
        var id = WebhookCommand.NewId();
        var json = new Option<bool>("--json") { Description = "Webhook and secret as a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("rotate", "Makes a new secret and shows it. For a day the one before signs as well.") { id, json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var rotated = await connection.Caller.Webhooks.RotateWebhookSecretAsync(
                new RotateWebhookSecretRequest { Id = parsed.GetRequiredValue(id) }, CallKey.New(), cancellationToken: cancellation);
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(WebhookText.Json(rotated));
                return ExitCode.Ok;
            }
            Terminal.Out.Write(WebhookText.Picture(rotated.Webhook));
            WebhookCreateCommand.WriteSecret(rotated.Secret);
            return ExitCode.Ok;
        });
        return command;
    }
}
