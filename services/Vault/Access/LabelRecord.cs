using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Vault.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Vault;

/// <summary>A row of <c>vault.labels</c>.</summary>
public sealed record LabelRecord(Guid Id, string Name, PathPattern Pattern, Role ApproverRole, string Reason, string SetBy, DateTimeOffset SetAt, long Version)
{
    public VaultLabel ToProto() => new()
    {
        Id = Id.ToString(),
        Name = Name,
        Pattern = Pattern.ToString(),
        ApproverRole = ApproverRole,
        Reason = Reason,
        SetBy = SetBy,
        SetTime = SetAt.ToTimestamp(),
        Version = Version,
    };
}
