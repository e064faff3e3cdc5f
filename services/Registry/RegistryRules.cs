using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Registry;

/// <summary>What an agent may say of itself, and why it is turned away. No I/O.</summary>
public static class RegistryRules
{
    public const int HostnameMaximumCharacters = 255;
    public const int VersionMaximumCharacters = 64;
    public const int LabelsMaximum = 32;
    public const int TagMaximumCharacters = 64;

    public static void Check(RegisterAgentRequest request)
    {
        var checks = new FieldChecks()
            .Text("hostname", request.Hostname, HostnameMaximumCharacters)
            .Known("platform", request.Platform)
            .Text("version", request.Version, VersionMaximumCharacters, minimum: 1)
            .Require(request.Capabilities.Count <= LabelsMaximum, "capabilities", $"has {request.Capabilities.Count:N0} names; at most {LabelsMaximum} are allowed")
            .Require(request.Tags.Count <= LabelsMaximum, "tags", $"has {request.Tags.Count:N0} tags; at most {LabelsMaximum} are allowed");
        // No further than is allowed: a message has room for a million, and to look at each would be work for nothing.
        for (var i = 0; i < Math.Min(request.Capabilities.Count, LabelsMaximum); i++)
            checks.DottedName($"capabilities[{i}]", request.Capabilities[i]);
        for (var i = 0; i < Math.Min(request.Tags.Count, LabelsMaximum); i++)
            checks.Text($"tags[{i}]", request.Tags[i], TagMaximumCharacters, minimum: 1);
        checks.ThrowIfAny();
    }

    public static void Check(HeartbeatRequest request) =>
        new FieldChecks().Require(request.Epoch > 0, "epoch", "is required, and positive").ThrowIfAny();

    public static void Check(ListAgentsRequest request) => new FieldChecks()
        .KnownOrUnspecified("platform", request.Platform)
        .Text("tag", request.Tag, TagMaximumCharacters)
        .ThrowIfAny();

    /// <summary>Why a heartbeat was not taken, from the agent as it stands after the attempt.</summary>
    public static PlatformException WhyRefused(AgentRecord? agent, string id, long epoch)
    {
        if (agent is null)
            return AgentNotFound(id);
        if (agent.Disabled)
            return AgentDisabled(id);
        // It may have been enabled again, at this very epoch, between the attempt and the look: then it is merely too early.
        return agent.Epoch == epoch ? Errors.ConcurrentUpdate($"Agent {id}")
            : Errors.FailedPrecondition("STALE_EPOCH", $"Agent {id} is at epoch {agent.Epoch}, not {epoch}: another process has registered as it.");
    }

    public static PlatformException AgentNotFound(string id) => Errors.NotFound("AGENT_NOT_FOUND", $"There is no agent {id}.");

    public static PlatformException AgentDisabled(string id) => Errors.FailedPrecondition("AGENT_DISABLED", $"Agent {id} is disabled.");

    public static PlatformException ConfigNotFound(string agentId) =>
        Errors.NotFound("AGENT_CONFIG_NOT_FOUND", $"Agent {agentId} has no configuration.");
}
