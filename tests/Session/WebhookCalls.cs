using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Sessions;
using Client = AgentPlatform.Contracts.Session.V1.WebhookService.WebhookServiceClient;

namespace AgentPlatform.Tests.Sessions;

/// <summary>Calls that most tests of webhooks begin with.</summary>
public static class WebhookCalls
{
    /// <summary>Settings with which receivers on loopback are allowed, and the clockwork is quick.</summary>
    public static Dictionary<string, string> Settings => new()
    {
        ["Webhooks:AllowHttp"] = "true",
        ["Webhooks:AllowPrivateTargets"] = "127.0.0.0/8, ::1/128",
        ["Webhooks:SweepEvery"] = "00:00:00.2",
        ["Sessions:SweepEvery"] = "00:00:00.2",
        ["Approvals:SweepEvery"] = "00:00:00.2",
        ["Tasks:SweepEvery"] = "00:00:00.2",
    };

    /// <summary>Subscribes an address to some events, or to all.</summary>
    public static async Task<CreateWebhookResponse> SubscribeAsync(this Client client, string url, params string[] types) =>
        await client.CreateWebhookAsync(new CreateWebhookRequest { Url = url, EventTypes = { types.Length > 0 ? types : NoticeTypes.All } });

    public static async Task<Webhook> ReadAsync(this Client client, string id) => (await client.GetWebhookAsync(new GetWebhookRequest { Id = id })).Webhook;

    public static async Task<WebhookDelivery> TestAsync(this Client client, string id) =>
        (await client.SendTestNotificationAsync(new SendTestNotificationRequest { WebhookId = id })).Delivery;

    public static async Task<GetDeliveryResponse> DeliveryAsync(this Client client, string id) => await client.GetDeliveryAsync(new GetDeliveryRequest { Id = id });

    public static async Task<IReadOnlyList<WebhookDelivery>> DeliveriesAsync(this Client client, string webhookId, DeliveryStatus status = DeliveryStatus.Unspecified) =>
        (await client.ListDeliveriesAsync(new ListDeliveriesRequest { WebhookId = webhookId, Status = status })).Deliveries;

    /// <summary>Waits until a delivery is in a state, and gives it back.</summary>
    public static async Task<GetDeliveryResponse> WaitAsync(this Client client, string id, DeliveryStatus status)
    {
        GetDeliveryResponse? found = null;
        await Eventually.TrueAsync(async () => (found = await client.DeliveryAsync(id)).Delivery.Status == status, $"delivery {id} is {status}, not {found}");
        return found!;
    }

    /// <summary>Waits until so many attempts at a delivery were written down.</summary>
    public static async Task<GetDeliveryResponse> WaitForAttemptsAsync(this Client client, string id, int attempts)
    {
        GetDeliveryResponse? found = null;
        await Eventually.TrueAsync(async () => (found = await client.DeliveryAsync(id)).Attempts.Count >= attempts, $"{attempts} attempts at delivery {id}");
        return found!;
    }
}
