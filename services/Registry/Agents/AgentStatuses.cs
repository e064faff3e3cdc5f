using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using static AgentPlatform.Contracts.Registry.V1.AgentStatus;

namespace AgentPlatform.Registry;

/// <summary>What people decide about agents, and what that does to their tasks: all in one transaction.</summary>
public sealed class AgentStatuses(Database database, AgentStore agents, AgentEvents events, LeaseStore leases, AgentTasks tasks)
{
    private const int ReasonMaximumCharacters = 512;
    private const string AgentDisabled = "AGENT_DISABLED";

    public Task<Agent> DisableAsync(string id, string reason, ServerCallContext context) =>
        ChangeAsync(id, reason, Disabled, AgentEventKind.Disabled, [Active, Quarantined], context);

    public Task<Agent> EnableAsync(string id, string reason, ServerCallContext context) => ChangeAsync(id, reason, Active, AgentEventKind.Enabled, [Disabled], context);

    public Task<Agent> QuarantineAsync(string id, string reason, ServerCallContext context) =>
        ChangeAsync(id, reason, Quarantined, AgentEventKind.Quarantined, [Active], context);

    public Task<Agent> ReleaseAsync(string id, string reason, ServerCallContext context) => ChangeAsync(id, reason, Active, AgentEventKind.Released, [Quarantined], context);

    public Task<Agent> DeregisterAsync(string id, string reason, ServerCallContext context) =>
        ChangeAsync(id, reason, Deregistered, AgentEventKind.Deregistered, [Active, Disabled, Quarantined], context);

    private async Task<Agent> ChangeAsync(string id, string reason, AgentStatus to, AgentEventKind kind, AgentStatus[] from, ServerCallContext context)
    {
        new FieldChecks().DottedName("id", id).Text("reason", reason, ReasonMaximumCharacters).ThrowIfAny();

        await using var work = await database.BeginAsync(context);
        var agent = await agents.FindToChangeAsync(work, id) ?? throw RegistryRules.AgentNotFound(id);
        // Enabling twice changes nothing; ending a quarantine that never was is another thing.
        if (agent.Status == to)
            return await CommitAsync(work, agent, kind);
        if (!from.Contains(agent.Status))
            throw Errors.FailedPrecondition("ILLEGAL_TRANSITION", $"Agent {id} is {EnumText.Of(agent.Status)} and cannot become {EnumText.Of(to)} by this.");

        agents.SetStatus(work, id, to, reason);
        if (to is Disabled or Deregistered)
            await TakeAwayAsync(work, id, to);
        events.Add(work, id, kind, agent.Epoch, reason);
        work.Wake(AgentTaskRules.TopicOfQueue(AgentTaskRules.QueueOf(id)));
        work.Audit($"agent.{Verb(kind)}", $"agent/{id}", [("was", EnumText.Of(agent.Status)), ("reason", reason)]);
        return await CommitAsync(work, agent with { Status = to, StatusReason = reason, IsOnline = agent.IsOnline && to is not (Disabled or Deregistered) }, kind);
    }

    private async Task TakeAwayAsync(UnitOfWork work, string id, AgentStatus to)
    {
        agents.SetOffline(work, id);
        foreach (var task in await leases.FindHeldByAsync(work, [id]))
            tasks.Change(work, AgentTaskRules.Lose(task, AgentDisabled, $"The agent was {EnumText.Of(to)}.", database.Now));
        if (to is Deregistered)
            leases.CancelWaiting(work, AgentTaskRules.QueueOf(id));
    }

    // Each answer has a type of its own and all are the same message: the agent as field 1.
    private static async Task<Agent> CommitAsync(UnitOfWork work, AgentRecord agent, AgentEventKind kind) => kind switch
    {
        AgentEventKind.Disabled => (await work.CommitAsync(new DisableAgentResponse { Agent = agent.ToProto() })).Agent,
        AgentEventKind.Enabled => (await work.CommitAsync(new EnableAgentResponse { Agent = agent.ToProto() })).Agent,
        AgentEventKind.Quarantined => (await work.CommitAsync(new QuarantineAgentResponse { Agent = agent.ToProto() })).Agent,
        AgentEventKind.Released => (await work.CommitAsync(new ReleaseAgentResponse { Agent = agent.ToProto() })).Agent,
        _ => (await work.CommitAsync(new DeregisterAgentResponse { Agent = agent.ToProto() })).Agent,
    };

    private static string Verb(AgentEventKind kind) => kind switch
    {
        AgentEventKind.Disabled => "disable",
        AgentEventKind.Enabled => "enable",
        AgentEventKind.Quarantined => "quarantine",
        AgentEventKind.Released => "release",
        _ => "deregister",
    };
}
