using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Sessions;

/// <summary>Which sessions a list shows; what is empty, unspecified or null narrows nothing.</summary>
public sealed record SessionFilter
{
    public required SessionStatus Status { get; init; }

    public required string Role { get; init; }

    public required string AgentId { get; init; }

    public required string SubjectType { get; init; }

    public required string SubjectId { get; init; }

    /// <summary>Created at this time or later.</summary>
    public required DateTimeOffset? StartAt { get; init; }

    /// <summary>Created before this time.</summary>
    public required DateTimeOffset? EndAt { get; init; }

    /// <summary>A JSON object that the metadata contain.</summary>
    public required string MetadataContains { get; init; }
}
