using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Registry;

/// <summary>A row of <c>registry.agent_config_versions</c>.</summary>
public sealed record ConfigVersionRecord(AgentConfigRecord Config, string ChangedBy, string Reason, long RolledBackTo)
{
    public ConfigVersion ToProto() => new() { Config = Config.ToProto(), ChangedBy = ChangedBy, Reason = Reason, RolledBackTo = RolledBackTo };
}
