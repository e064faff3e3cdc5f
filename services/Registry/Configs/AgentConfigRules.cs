using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>What a configuration may be, and which version follows which. No I/O.</summary>
public static class AgentConfigRules
{
    public const int ConfigMaximumBytes = 64 * 1024;
    public const int SchemaMaximumBytes = 64 * 1024;
    public const int ReasonMaximumCharacters = 1_000;
    public const int MaximumVersions = 1_000;

    /// <summary>Gives back the JSON of both; of a schema that is not given or empty, null.</summary>
    public static void Check(SetAgentConfigRequest request, out string config, out string? schema)
    {
        new FieldChecks()
            .DottedName("agent_id", request.AgentId)
            .Require(request.Config is not null, "config", "is required")
            .Json("config", request.Config, ConfigMaximumBytes, out config)
            .Json("schema", request.Schema, SchemaMaximumBytes, out var given)
            .Require(!request.HasVersion || request.Version >= 0, "version", "is negative")
            .Text("reason", request.Reason, ReasonMaximumCharacters)
            .ThrowIfAny();
        schema = request.Schema is { Fields.Count: > 0 } ? given : null;
    }

    /// <summary>Refuses a configuration that does not meet the schema, or a schema that is wrong.</summary>
    public static void CheckSchema(Struct schema, Struct config) => SchemaCheck.Run(SchemaReader.Read(schema), config);

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
