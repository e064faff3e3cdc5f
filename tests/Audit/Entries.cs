using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Tests.Audits;

/// <summary>Makes entries that the log takes as they are.</summary>
internal static class Entries
{
    /// <summary>An entry as a service sends it from its outbox.</summary>
    public static AuditEntry OfService(string operation = "costing.decide", string resource = "costing/1") => new()
    {
        EventId = Guid.CreateVersion7().ToString(),
        OccurTime = TimeProvider.System.GetUtcNow().ToTimestamp(),
        Principal = "user:sam",
        Roles = { "superuser", "operator" },
        Service = "costing",
        Operation = operation,
        Resource = resource,
        Outcome = Outcome.Ok,
    };

    /// <summary>An entry as an agent sends it: what its token says is left out.</summary>
    public static AuditEntry OfAgent(string operation = "inventory.count", string resource = "inventory/1") => new()
    {
        EventId = Guid.CreateVersion7().ToString(),
        OccurTime = TimeProvider.System.GetUtcNow().ToTimestamp(),
        Operation = operation,
        Resource = resource,
    };
}
