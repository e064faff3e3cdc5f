using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Vault.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Vault;

/// <summary>A row of <c>vault.rules</c>.</summary>
public sealed record RuleRecord(
    Guid Id, string AgentId, Role Role, PathPattern Pattern, RuleEffect Effect, IReadOnlyList<FileAction> Actions, string Reason, string SetBy, DateTimeOffset SetAt, long Version)
{
    public bool Is(RuleEffect effect, FileAction action) => Effect == effect && Actions.Contains(action);

    public VaultRule ToProto() => new()
    {
        Id = Id.ToString(),
        AgentId = AgentId,
        Role = Role,
        Pattern = Pattern.ToString(),
        Effect = Effect,
        Actions = { Actions },
        Reason = Reason,
        SetBy = SetBy,
        SetTime = SetAt.ToTimestamp(),
        Version = Version,
    };
}
