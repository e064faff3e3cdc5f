using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Sessions;

/// <summary>A row of <c>session.webhook_attempts</c>.</summary>
public sealed record AttemptRecord(int Number, DateTimeOffset StartedAt, int DurationMs, int StatusCode, string Error, string Answer)
{
    public DeliveryAttempt ToProto() => new()
    {
        Number = Number,
        StartTime = StartedAt.ToTimestamp(),
        Duration = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(DurationMs)),
        StatusCode = StatusCode,
        Error = Error,
        Answer = Answer,
    };
}
