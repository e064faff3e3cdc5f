using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Webhooks;

/// <summary><c>agentctl webhook deliveries</c>: what was sent, waits, or is dead.</summary>
public static class WebhookDeliveriesCommand
{
    private const int LargestPage = 500;
    private static readonly string[] States = [.. Enum.GetValues<DeliveryStatus>().Where(s => s != DeliveryStatus.Unspecified).Select(WebhookText.Of)];

    public static Command Create()
    {
        var webhook = new Option<string>("--webhook") { HelpName = "ID", Description = "Only this webhook's" };
        var status = new Option<string>("--status") { HelpName = "STATE", Description = $"Only those in this state: {string.Join(", ", States)}" };
        status.AcceptOnlyFromAmong(States);
        var json = new Option<bool>("--json") { Description = "The whole deliveries, each as a line of JSON" };
        var (limit, gateway, data) = (LimitOption.Create(), GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("deliveries", "Lists what was sent, newest first; with --status dead what could not be.") { webhook, status, limit, json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            var request = new ListDeliveriesRequest
            {
                WebhookId = parsed.GetValue(webhook) ?? "",
                Status = Enum.GetValues<DeliveryStatus>().FirstOrDefault(s => s != DeliveryStatus.Unspecified && WebhookText.Of(s) == parsed.GetValue(status)),
            };
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            return await RunAsync(connection.Caller, request, parsed.GetValue(limit), parsed.GetValue(json), cancellation);
        });
        return command;
    }

    private static async Task<int> RunAsync(GatewayCaller caller, ListDeliveriesRequest request, int limit, bool json, CancellationToken cancellation)
    {
        var deliveries = new List<WebhookDelivery>();
        do
        {
            request.PageSize = Math.Min(LargestPage, limit - deliveries.Count);
            var page = await caller.Webhooks.ListDeliveriesAsync(request, cancellationToken: cancellation);
            deliveries.AddRange(page.Deliveries);
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0 && deliveries.Count < limit);

        if (json)
            deliveries.ForEach(d => Console.Out.WriteLine(WebhookText.Json(d)));
        else if (deliveries.Count == 0)
            Console.Error.WriteLine("There are no such deliveries.");
        else
            Terminal.Out.Write(WebhookText.Table(deliveries));
        if (request.PageToken.Length > 0)
            Console.Error.WriteLine("There are more; a larger --limit shows them.");
        return ExitCode.Ok;
    }
}
