using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Webhooks;

/// <summary><c>agentctl webhook create</c>: subscribes an address, and shows its secret this once.</summary>
public static class WebhookCreateCommand
{
    public static Command Create()
    {
        var url = new Argument<string>("URL") { Description = "Where to post to: https, and no private address unless settings allow it" };
        var events = new Option<string[]>("--event")
        {
            HelpName = "TYPE",
            Required = true,
            AllowMultipleArgumentsPerToken = true,
            Description = "What to tell, one or more: session.ended task.ended approval.requested approval.decided approval.expired approval.escalated",
        };
        var role = new Option<string>("--role") { HelpName = "NAME", Description = "Only of this role" };
        var description = new Option<string>("--description") { HelpName = "TEXT", Description = "For people" };
        var json = new Option<bool>("--json") { Description = "Webhook and secret as a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("create", "Subscribes an address, and shows the secret that its messages are signed with.") { url, events, role, description, json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            var request = new CreateWebhookRequest
            {
                Url = parsed.GetRequiredValue(url),
                EventTypes = { parsed.GetRequiredValue(events) },
                Role = parsed.GetValue(role) ?? "",
                Description = parsed.GetValue(description) ?? "",
            };
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var created = await connection.Caller.Webhooks.CreateWebhookAsync(request, CallKey.New(), cancellationToken: cancellation);
            if (parsed.GetValue(json))
            {
                Console.Out.WriteLine(WebhookText.Json(created));
                return ExitCode.Ok;
            }
            Terminal.Out.Write(WebhookText.Picture(created.Webhook));
            WriteSecret(created.Secret);
            return ExitCode.Ok;
        });
        return command;
    }

    /// <summary>Shows a secret; nothing shows it again.</summary>
    public static void WriteSecret(string secret)
    {
        Console.Out.WriteLine($"Secret: {PlainText.Of(secret)}");
        Console.Error.WriteLine("Keep the secret: it is not shown again.");
    }
}
