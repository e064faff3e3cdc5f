using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Sessions;

/// <summary>A row of <c>session.webhooks</c>.</summary>
public sealed record WebhookRecord
{
    public required Guid Id { get; init; }

    public required string Url { get; init; }

    public required string[] EventTypes { get; init; }

    /// <summary>Empty for all.</summary>
    public required string Role { get; init; }

    public required string Description { get; init; }

    public required bool Enabled { get; init; }

    public required DisabledReason DisabledReason { get; init; }

    public required int SecretGeneration { get; init; }

    /// <summary>Which of <see cref="WebhookKeys"/> the secret is made from.</summary>
    public required string SecretKeyId { get; init; }

    /// <summary>The same of the secret before; empty when there is none.</summary>
    public required string PreviousKeyId { get; init; }

    /// <summary>Until when that one signs as well.</summary>
    public required DateTimeOffset? PreviousUntil { get; init; }

    public required string CreatedBy { get; init; }

    public required long Version { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset UpdatedAt { get; init; }

    public Webhook ToProto() => new()
    {
        Id = Id.ToString(),
        Url = Url,
        EventTypes = { EventTypes },
        Role = Role,
        Description = Description,
        Enabled = Enabled,
        DisabledReason = DisabledReason,
        SecretGeneration = SecretGeneration,
        PreviousSecretExpireTime = PreviousUntil?.ToTimestamp(),
        CreatedBy = CreatedBy,
        Version = Version,
        CreateTime = CreatedAt.ToTimestamp(),
        UpdateTime = UpdatedAt.ToTimestamp(),
    };
}
