using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>A row of <c>registry.agent_config</c>.</summary>
public sealed record AgentConfigRecord(string AgentId, bool Enabled, long Version, string Config, DateTimeOffset UpdatedAt)
{
    public AgentConfig ToProto() => new()
    {
        AgentId = AgentId,
        Enabled = Enabled,
        Version = Version,
        Config = JsonStruct.Parse(Config),
        UpdateTime = UpdatedAt.ToTimestamp(),
    };
}
