using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Sessions;

/// <summary>Notes what subscribers are to be told of, in the transaction of what happened, so that nothing is told that did not happen or the other way round.</summary>
public sealed class NotificationQueue(Database database)
{
    /// <summary>What the dispatcher listens to.</summary>
    public const string Topic = "notifications";

    private const string Insert = "INSERT INTO session.notifications (id, kind, resource, payload, created_at) VALUES ($1, $2, $3, $4::jsonb, $5)";

    /// <summary>
    /// Adds one: <paramref name="kind"/> such as "approval.requested", <paramref name="resource"/> as kind and id ("approval/0197…"),
    /// <paramref name="payload"/> what the subscriber gets to read.
    /// </summary>
    public void Add(UnitOfWork work, string kind, string resource, Struct payload)
    {
        var now = database.Now;
        work.Execute(Insert, Guid.CreateVersion7(now), kind, resource, payload.ToString(), now);
        work.Wake(Topic);
    }
}
