using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>A row of <c>registry.agents</c> with its row of <c>registry.presence</c>.</summary>
public sealed record AgentRecord(
    string Id, string Hostname, Platform Platform, string Version, IReadOnlyList<string> Capabilities, IReadOnlyList<string> Tags, IReadOnlyList<string> Roles,
    DateTimeOffset RegisteredAt, long Epoch, AgentStatus Status, string StatusReason, bool IsOnline, DateTimeOffset? LastHeartbeatAt, AgentHealth Health,
    double LoadPercent, int RunningTasks)
{
    public Agent ToProto() => new()
    {
        Id = Id,
        Hostname = Hostname,
        Platform = Platform,
        Version = Version,
        Capabilities = { Capabilities },
        Tags = { Tags },
        Roles = { Roles },
        RegisterTime = RegisteredAt.ToTimestamp(),
        Epoch = Epoch,
        Disabled = Status is AgentStatus.Disabled,
        Status = Status,
        StatusReason = StatusReason,
        IsOnline = IsOnline,
        LastHeartbeatTime = LastHeartbeatAt?.ToTimestamp(),
        Health = Health,
        LoadPercent = LoadPercent,
        RunningTasks = RunningTasks,
    };
}
