using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Webhooks;

/// <summary><c>agentctl webhook test</c>: sends a test and waits how its first attempt goes.</summary>
public static class WebhookTestCommand
{
    // Longer than an attempt takes and its writing down.
    private static readonly TimeSpan WaitAtMost = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);

    public static Command Create()
    {
        var id = WebhookCommand.NewId();
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("test", "Sends a test, and shows how its first attempt went.") { id, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var webhooks = connection.Caller.Webhooks;
            var sent = (await webhooks.SendTestNotificationAsync(
                new SendTestNotificationRequest { WebhookId = parsed.GetRequiredValue(id) }, CallKey.New(), cancellationToken: cancellation)).Delivery;
            var found = await WaitAsync(webhooks, sent.Id, cancellation);
            Terminal.Out.Write(WebhookText.Picture(found));
            return found.Delivery.Status == DeliveryStatus.Delivered ? ExitCode.Ok : ExitCode.Failed;
        });
        return command;
    }

    private static async Task<GetDeliveryResponse> WaitAsync(WebhookService.WebhookServiceClient webhooks, string id, CancellationToken cancellation)
    {
        var giveUpAt = TimeProvider.System.GetUtcNow() + WaitAtMost;
        while (true)
        {
            var found = await webhooks.GetDeliveryAsync(new GetDeliveryRequest { Id = id }, cancellationToken: cancellation);
            if (found.Attempts.Count > 0 || TimeProvider.System.GetUtcNow() >= giveUpAt)
                return found;
            await Task.Delay(LookEvery, cancellation);
        }
    }
}
