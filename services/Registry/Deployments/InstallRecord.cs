using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>A row of <c>registry.installs</c>.</summary>
public sealed record InstallRecord(Guid DeploymentId, string AgentId, int Ring, InstallStatus Status, int ProgressPercent, string Message, DateTimeOffset UpdatedAt)
{
    /// <summary>Whether the agent itself moves it no more.</summary>
    public bool IsEnded => Status is InstallStatus.Installed or InstallStatus.Failed or InstallStatus.RolledBack;

    public Install ToProto() => new()
    {
        DeploymentId = DeploymentId.ToString(),
        AgentId = AgentId,
        Ring = Ring,
        Status = Status,
        ProgressPercent = ProgressPercent,
        Message = Message,
        UpdateTime = UpdatedAt.ToTimestamp(),
    };
}
