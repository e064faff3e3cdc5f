using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>A row of <c>registry.deployments</c>, with the package that it is of.</summary>
public sealed record DeploymentRecord(
    Guid Id, Guid PackageId, string PackageName, string PackageVersion, PackageStatus PackageStatus, string Selection, IReadOnlyList<int> Rings, TimeSpan RingPause,
    int MaxFailurePercent, TimeSpan InstallTimeout, DeploymentStatus Status, int CurrentRing, DateTimeOffset? RingOpenedAt, DateTimeOffset? RingDoneAt,
    int AgentCount, string Reason, Guid? RollbackOf, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? StartedAt, DateTimeOffset? EndedAt, long Version)
{
    public bool IsEnded => Status is DeploymentStatus.Completed or DeploymentStatus.Aborted or DeploymentStatus.RolledBack;

    public Deployment ToProto(InstallCounts? counts = null) => new()
    {
        Id = Id.ToString(),
        PackageId = PackageId.ToString(),
        PackageName = PackageName,
        PackageVersion = PackageVersion,
        Selection = RollbackOf is null ? JsonParser.Default.Parse<DeploymentSelection>(Selection) : null,
        Rings = { Rings },
        RingPause = RingPause.ToDuration(),
        MaxFailurePercent = MaxFailurePercent,
        InstallTimeout = InstallTimeout.ToDuration(),
        Status = Status,
        CurrentRing = CurrentRing,
        AgentCount = AgentCount,
        Counts = counts,
        Reason = Reason,
        RollbackOf = RollbackOf?.ToString() ?? "",
        CreatedBy = CreatedBy,
        CreateTime = CreatedAt.ToTimestamp(),
        StartTime = StartedAt?.ToTimestamp(),
        EndTime = EndedAt?.ToTimestamp(),
        Version = Version,
    };
}
