using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Registry;

/// <summary>A row of <c>registry.agent_config</c>.</summary>
public sealed record AgentConfigRecord(string AgentId, bool Enabled, long Version, string Config, string? Schema, DateTimeOffset UpdatedAt)
{
    /// <summary>How much JSON it is, in characters; pages are bounded by it.</summary>
    public int JsonCharacters => Config.Length + (Schema?.Length ?? 0);

    public AgentConfig ToProto() => new()
    {
        AgentId = AgentId,
        Enabled = Enabled,
        Version = Version,
        Config = JsonStruct.Parse(Config),
        Schema = Schema is null ? null : JsonStruct.Parse(Schema),
        UpdateTime = UpdatedAt.ToTimestamp(),
    };
}
