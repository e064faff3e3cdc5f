using System.Security.Cryptography;
using AgentPlatform.Audit;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Bench.Audit;

/// <summary>Entries as a busy platform has them: some hundred agents, a call and a trace each, metadata of a few members.</summary>
public static class SampleEntries
{
    private const int Agents = 200;
    private static readonly string[] Operations = ["costing.propose", "costing.decide", "vault.read", "session.transition", "registry.heartbeat", "inventory.count"];
    private static long _last;

    public static AuditEntry Next()
    {
        var number = Interlocked.Increment(ref _last);
        return new AuditEntry
        {
            EventId = Guid.CreateVersion7().ToString(),
            OccurTime = TimeProvider.System.GetUtcNow().ToTimestamp(),
            AgentId = $"agent_{number % Agents}",
            AgentVersion = "1.4.2",
            Principal = $"agent:agent_{number % Agents}",
            Roles = { "agent" },
            Service = "costing",
            Operation = Operations[number % Operations.Length],
            Resource = $"booking/{number / 10}",
            Outcome = number % 50 == 0 ? Outcome.Failed : Outcome.Ok,
            ExecutionTimeMs = number % 100 * 0.37,
            CorrelationId = Guid.NewGuid().ToString(),
            TraceId = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
            Metadata = new Struct
            {
                Fields = { ["booking"] = Value.ForString($"B{number / 10}"), ["lines"] = Value.ForNumber(number % 7), ["step"] = Value.ForString("priced") },
            },
        };
    }

    /// <summary>The same as a row, with hashes of the right length.</summary>
    public static AuditRecord NextRow()
    {
        var entry = Next();
        var position = Interlocked.Increment(ref _last);
        return new AuditRecord
        {
            RecordedAt = DateTimeOffset.UnixEpoch.AddYears(60).AddMicroseconds(position),
            Position = position,
            EventId = Guid.Parse(entry.EventId),
            OccurredAt = entry.OccurTime.ToDateTimeOffset(),
            AgentId = entry.AgentId,
            AgentVersion = entry.AgentVersion,
            Principal = entry.Principal,
            Roles = entry.Roles,
            Service = entry.Service,
            Operation = entry.Operation,
            Resource = entry.Resource,
            Outcome = entry.Outcome,
            ExecutionTimeMs = entry.ExecutionTimeMs,
            CorrelationId = entry.CorrelationId,
            TraceId = entry.TraceId,
            Metadata = Google.Protobuf.JsonFormatter.Default.Format(entry.Metadata),
            PreviousHash = RandomNumberGenerator.GetBytes(ChainHash.Bytes),
            Hash = RandomNumberGenerator.GetBytes(ChainHash.Bytes),
        };
    }
}
