using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>What a configuration may be, and which version follows which. No I/O.</summary>
public static class AgentConfigRules
{
    public const int ConfigMaximumBytes = 64 * 1024;
    public const int ReasonMaximumCharacters = 1_000;
    public const int MaximumVersions = 1_000;

    public static void Check(SetAgentConfigRequest request, out string config) => new FieldChecks()
        .DottedName("agent_id", request.AgentId)
        .Require(request.Config is not null, "config", "is required")
        .Json("config", request.Config, ConfigMaximumBytes, out config)
        .Require(!request.HasVersion || request.Version >= 0, "version", "is negative")
        .Text("reason", request.Reason, ReasonMaximumCharacters)
        .ThrowIfAny();

    public static void Check(RollbackAgentConfigRequest request) => new FieldChecks()
        .DottedName("agent_id", request.AgentId)
        .Require(request.ToVersion > 0, "to_version", "is required, and positive")
        .Require(!request.HasVersion || request.Version >= 0, "version", "is negative")
        .Text("reason", request.Reason, ReasonMaximumCharacters)
        .ThrowIfAny();

    /// <summary>Unset takes whatever version there is.</summary>
    public static void CheckVersion(string agentId, AgentConfigRecord? present, long? seen)
    {
        var version = present?.Version ?? 0;
        if (seen is { } expected && expected != version)
            throw new PlatformException(StatusCode.Aborted, "CONCURRENT_UPDATE", $"The configuration of agent {agentId} is at version {version}, not {expected}; read it again.")
            {
                Facts = new Dictionary<string, string> { ["version"] = $"{version}" },
            };
    }

    public static PlatformException VersionNotFound(string agentId, long version) =>
        Errors.NotFound("CONFIG_VERSION_NOT_FOUND", $"There is no version {version} of the configuration of agent {agentId}.");

    /// <summary>What watchers of an agent's configuration listen to.</summary>
    public static string TopicOf(string agentId) => $"config/{agentId}";
}
