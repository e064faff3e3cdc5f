using System.Globalization;
using System.Text.Json;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Audit;

/// <summary>A row of <c>audit.audit_log</c>. Its place in a chain is empty until the log has given it one.</summary>
public sealed record AuditRecord
{
    private const string TimeFormat = "yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'";
    public const string NoJson = "{}";

    public int Shard { get; init; }
    public long Position { get; init; }
    public DateTimeOffset RecordedAt { get; init; }
    public byte[] PreviousHash { get; init; } = [];
    public byte[] Hash { get; init; } = [];
    public required Guid EventId { get; init; }
    public required DateTimeOffset OccurredAt { get; init; }
    public string AgentId { get; init; } = "";
    public string AgentVersion { get; init; } = "";
    public required string Principal { get; init; }
    public IReadOnlyList<string> Roles { get; init; } = [];
    public required string Service { get; init; }
    public required string Operation { get; init; }
    public required string Resource { get; init; }
    public Outcome Outcome { get; init; } = Outcome.Ok;
    public string ErrorMessage { get; init; } = "";
    public double ExecutionTimeMs { get; init; }
    public string AuthorizedBy { get; init; } = "";
    public string SessionId { get; init; } = "";
    public string CorrelationId { get; init; } = "";
    public string TraceId { get; init; } = "";
    public string SourceAddress { get; init; } = "";

    /// <summary>A JSON object.</summary>
    public string Metadata { get; init; } = NoJson;

    /// <summary>A JSON object: finds by kind.</summary>
    public string Redactions { get; init; } = NoJson;

    /// <summary>A time as hashes, exports and signatures write it.</summary>
    public static string TextOf(DateTimeOffset time) => time.UtcDateTime.ToString(TimeFormat, CultureInfo.InvariantCulture);

    public AuditEntry ToProto()
    {
        var redactions = JsonSerializer.Deserialize<Dictionary<string, int>>(Redactions)!;
        return new AuditEntry
        {
            EventId = EventId.ToString(),
            OccurTime = OccurredAt.ToTimestamp(),
            RecordTime = RecordedAt.ToTimestamp(),
            AgentId = AgentId,
            AgentVersion = AgentVersion,
            Principal = Principal,
            Roles = { Roles },
            Service = Service,
            Operation = Operation,
            Resource = Resource,
            Outcome = Outcome,
            ErrorMessage = ErrorMessage,
            ExecutionTimeMs = ExecutionTimeMs,
            AuthorizedBy = AuthorizedBy,
            SessionId = SessionId,
            CorrelationId = CorrelationId,
            TraceId = TraceId,
            SourceAddress = SourceAddress,
            Metadata = JsonStruct.Parse(Metadata),
            Shard = Shard,
            Position = Position,
            PreviousHash = UnsafeByteOperations.UnsafeWrap(PreviousHash),
            Hash = UnsafeByteOperations.UnsafeWrap(Hash),
            PiiRedacted = redactions.Count > 0,
            Redactions = { redactions },
        };
    }
}
