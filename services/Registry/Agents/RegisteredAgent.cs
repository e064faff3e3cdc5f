using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Registry;

/// <summary>What a new registration of an agent is judged by.</summary>
public sealed record RegisteredAgent(long Epoch, AgentStatus Status, string InstanceId, IReadOnlyList<string> PastInstances)
{
    private const int PastInstancesMaximum = 8;

    /// <summary>
    /// Whether a process registers that another one has taken over from: both live, each fencing the other again and again. A restarted process has another
    /// instance id.
    /// </summary>
    public bool IsDuplicate(string instanceId) => instanceId.Length > 0 && instanceId != InstanceId && PastInstances.Contains(instanceId);

    /// <summary>The processes that are no longer the agent's, once this one is.</summary>
    public string[] PastAfter(string instanceId) => InstanceId.Length == 0 || instanceId == InstanceId ? [.. PastInstances]
        : [.. PastInstances.Where(i => i != instanceId).Append(InstanceId).TakeLast(PastInstancesMaximum)];
}
