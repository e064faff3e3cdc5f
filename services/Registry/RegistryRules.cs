using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Registry;

/// <summary>What an agent may say of itself, and why it is turned away. No I/O.</summary>
public static class RegistryRules
{
    public const int HostnameMaximumCharacters = 255;
    public const int VersionMaximumCharacters = 64;
    public const int LabelsMaximum = 32;
    public const int TagMaximumCharacters = 64;
    private const int MachineKeyMaximumCharacters = 128;
    private const int InstanceIdMaximumCharacters = 64;

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
        checks.Text("machine_key", request.MachineKey, MachineKeyMaximumCharacters).Text("instance_id", request.InstanceId, InstanceIdMaximumCharacters)
            .Require(request.Roles.Count <= LabelsMaximum, "roles", $"has {request.Roles.Count:N0} names; at most {LabelsMaximum} are allowed");
        for (var i = 0; i < Math.Min(request.Roles.Count, LabelsMaximum); i++)
            checks.Name($"roles[{i}]", request.Roles[i]);
        for (var i = 0; i < Math.Min(request.Tags.Count, LabelsMaximum); i++)
            checks.Text($"tags[{i}]", request.Tags[i], TagMaximumCharacters, minimum: 1);
        checks.ThrowIfAny();
    }

    /// <summary>The agent, when it may take tasks and speak of them at this epoch.</summary>
    public static AgentRecord CheckMayWork(AgentRecord? agent, string id, long epoch)
    {
        if (agent is null or { Status: AgentStatus.Deregistered })
            throw AgentNotFound(id);
        if (agent.Status is AgentStatus.Disabled)
            throw AgentDisabled(id);
        if (agent.Epoch != epoch)
            throw StaleEpoch(agent, epoch);
        return agent.Status is AgentStatus.Quarantined
            ? throw Errors.FailedPrecondition("AGENT_QUARANTINED", $"Agent {id} is quarantined and gets no tasks.") : agent;
    }

    /// <summary>Why a heartbeat was not taken, from the agent as it stands after the attempt.</summary>
    public static PlatformException WhyRefused(AgentRecord? agent, string id, long epoch)
    {
        if (agent is null or { Status: AgentStatus.Deregistered })
            return AgentNotFound(id);
        if (agent.Status is AgentStatus.Disabled)
            return AgentDisabled(id);
        // It may have been enabled again, at this very epoch, between the attempt and the look: then it is merely too early.
        return agent.Epoch == epoch ? Errors.ConcurrentUpdate($"Agent {id}") : StaleEpoch(agent, epoch);
    }

    public static PlatformException StaleEpoch(AgentRecord agent, long epoch) =>
        Errors.FailedPrecondition("STALE_EPOCH", $"Agent {agent.Id} is at epoch {agent.Epoch}, not {epoch}: another process has registered as it.");

    public static PlatformException AgentNotFound(string id) => Errors.NotFound("AGENT_NOT_FOUND", $"There is no agent {id}.");

    public static PlatformException AgentDisabled(string id) => Errors.FailedPrecondition("AGENT_DISABLED", $"Agent {id} is disabled.");

    public static PlatformException ConfigNotFound(string agentId) =>
        Errors.NotFound("AGENT_CONFIG_NOT_FOUND", $"Agent {agentId} has no configuration.");
}
