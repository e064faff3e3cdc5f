using AgentPlatform.Contracts.Audit.V1;

namespace AgentPlatform.Audit;

/// <summary>Which entries to list; empty and null filter nothing. Checked, and narrowed to what the caller may see.</summary>
public sealed record AuditFilter
{
    public string AgentId { get; init; } = "";
    public string Operation { get; init; } = "";
    public string OperationPrefix { get; init; } = "";
    public string ResourcePrefix { get; init; } = "";
    public string AuthorizedBy { get; init; } = "";
    public string SessionId { get; init; } = "";
    public string CorrelationId { get; init; } = "";
    public string TraceId { get; init; } = "";
    public DateTimeOffset? StartAt { get; init; }
    public DateTimeOffset? EndAt { get; init; }
    public Outcome Outcome { get; init; }

    /// <summary>A JSON object; empty for any.</summary>
    public string MetadataContains { get; init; } = "";
    public bool OldestFirst { get; init; }
}
