using System.Globalization;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>Registers agents: the new process takes over, the one before is fenced and loses what it held, and a clone is turned away and reported.</summary>
public sealed class AgentRegistration(Database database, AgentStore agents, AgentEvents events, LeaseStore leases, AgentTasks tasks, AgentTurns turns)
{
    private const string MachineKeyIndex = "agents_machine_key";

    public async Task<RegisterAgentResponse> RegisterAsync(RegisterAgentRequest request, RegistrySettings settings, ServerCallContext context)
    {
        try
        {
            return await turns.TakeAsync(() => RegisterInAsync(request, settings, context), context.CancellationToken);
        }
        catch (PostgresException e) when (e.ConstraintName == MachineKeyIndex)
        {
            throw await ReportAsync(context, Errors.FailedPrecondition("MACHINE_KEY_TAKEN",
                "Another agent has registered with this machine key: the machine was cloned, or its agent has got another id. Deregister the other one to free the key."));
        }
        catch (PlatformException e) when (e.Reason == "DUPLICATE_AGENT")
        {
            throw await ReportAsync(context, e);
        }
    }

    private async Task<RegisterAgentResponse> RegisterInAsync(RegisterAgentRequest request, RegistrySettings settings, ServerCallContext context)
    {
        await using var work = await database.BeginAsync(context);
        var id = work.Caller.AgentId;
        var before = await agents.FindRegisteredAsync(work, id);
        if (before?.Status is AgentStatus.Disabled)
            throw RegistryRules.AgentDisabled(id);
        if (before?.IsDuplicate(request.InstanceId) is true)
            throw Errors.FailedPrecondition("DUPLICATE_AGENT",
                $"This process was agent {id} before another one took over, and both live. Give one of them an id of its own; a restarted process has another instance id.");

        var agent = await agents.RegisterAsync(work, id, request, before?.PastAfter(request.InstanceId) ?? []);
        // Whatever the process before had in its hands is lost with it.
        if (agent.Epoch > 1)
            foreach (var task in await leases.FindHeldAsync(work, id, agent.Epoch))
                tasks.Change(work, AgentTaskRules.Lose(task, AgentTaskRules.AgentRestarted, $"The agent registered again, at epoch {agent.Epoch}.", database.Now));
        events.Add(work, id, AgentEventKind.Registered, agent.Epoch);
        work.Wake(AgentTaskRules.TopicOfQueue(AgentTaskRules.QueueOf(id)));
        work.Audit("agent.register", $"agent/{id}",
            [("epoch", agent.Epoch.ToString(CultureInfo.InvariantCulture)), ("version", agent.Version), ("platform", EnumText.Of(agent.Platform)), ("hostname", agent.Hostname)]);
        return await work.CommitAsync(new RegisterAgentResponse { Agent = agent.ToProto(), HeartbeatInterval = Google.Protobuf.WellKnownTypes.Duration.FromTimeSpan(settings.HeartbeatInterval) });
    }

    private async Task<PlatformException> ReportAsync(ServerCallContext context, PlatformException refusal)
    {
        var id = context.Caller().AgentId;
        await database.RecordRefusalAsync(context, "agent.register", $"agent/{id}", refusal);
        await using var work = await database.BeginAsync(context.CancellationToken);
        events.Add(work, id, AgentEventKind.Duplicate, (await agents.FindAsync(work, id))?.Epoch ?? 0, refusal.Reason);
        await work.CommitAsync();
        return refusal;
    }
}
