using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Webhooks;

/// <summary><c>agentctl webhook replay</c>: sends a delivery again, or with <c>--dead</c> all dead letters of a webhook.</summary>
public static class WebhookReplayCommand
{
    public static Command Create()
    {
        var id = new Argument<string>("ID") { Description = "The delivery's id, or with --dead the webhook's" };
        var dead = new Option<bool>("--dead") { Description = "All dead letters of a webhook, oldest first" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("replay", "Sends a delivery again that is delivered or dead.") { id, dead, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var webhooks = connection.Caller.Webhooks;
            if (parsed.GetValue(dead))
                return await ReplayDeadAsync(webhooks, parsed.GetRequiredValue(id), cancellation);
            var request = new ReplayDeliveryRequest { Id = parsed.GetRequiredValue(id) };
            var queued = (await webhooks.ReplayDeliveryAsync(request, CallKey.New(), cancellationToken: cancellation)).Delivery;
            Console.Out.WriteLine($"Delivery {queued.Id} is {WebhookText.Of(queued.Status)}.");
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task<int> ReplayDeadAsync(WebhookService.WebhookServiceClient webhooks, string webhookId, CancellationToken cancellation)
    {
        var count = 0;
        ReplayDeadLettersResponse replayed;
        do
        {
            replayed = await webhooks.ReplayDeadLettersAsync(new ReplayDeadLettersRequest { WebhookId = webhookId }, CallKey.New(), cancellationToken: cancellation);
            count += replayed.Count;
        } while (replayed.HasMore);
        Console.Out.WriteLine($"{count} dead letters are queued.");
        return ExitCode.Ok;
    }
}
