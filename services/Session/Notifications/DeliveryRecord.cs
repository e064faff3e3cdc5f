using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Sessions;

/// <summary>A row of <c>session.webhook_executions</c>.</summary>
public sealed record DeliveryRecord(
    Guid Id, Guid WebhookId, Guid EventId, string EventType, string Body, DeliveryStatus Status, int Attempts, DateTimeOffset DueAt, int LastStatusCode, string LastError,
    DateTimeOffset CreatedAt, DateTimeOffset? FinishedAt)
{
    public WebhookDelivery ToProto() => new()
    {
        Id = Id.ToString(),
        WebhookId = WebhookId.ToString(),
        EventId = EventId.ToString(),
        EventType = EventType,
        Status = Status,
        Attempts = Attempts,
        LastStatusCode = LastStatusCode,
        LastError = LastError,
        NextAttemptTime = Status == DeliveryStatus.Queued ? DueAt.ToTimestamp() : null,
        CreateTime = CreatedAt.ToTimestamp(),
        FinishTime = FinishedAt?.ToTimestamp(),
    };
}
