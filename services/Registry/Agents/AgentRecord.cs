using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>A row of <c>registry.agents</c>.</summary>
public sealed record AgentRecord(
    string Id, string Hostname, Platform Platform, string Version, IReadOnlyList<string> Capabilities, IReadOnlyList<string> Tags,
    DateTimeOffset RegisteredAt, DateTimeOffset? LastHeartbeatAt, long Epoch, IReadOnlyList<string> Roles, AgentStatus Status, string StatusReason)
{
    /// <summary>The agent as callers see it; it is online when its last heartbeat is not before <paramref name="onlineSince"/>.</summary>
    public Agent ToProto(DateTimeOffset onlineSince) => new()
    {
        Id = Id,
        Hostname = Hostname,
        Platform = Platform,
        Version = Version,
        Capabilities = { Capabilities },
        Tags = { Tags },
        IsOnline = LastHeartbeatAt >= onlineSince,
        LastHeartbeatTime = LastHeartbeatAt?.ToTimestamp(),
        RegisterTime = RegisteredAt.ToTimestamp(),
        Epoch = Epoch,
        Disabled = Status is AgentStatus.Disabled,
        Roles = { Roles },
        Status = Status,
        StatusReason = StatusReason,
    };
}
