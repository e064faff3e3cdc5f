using System.Globalization;
using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>The RPCs of the registry. See registry.proto for what each promises.</summary>
public sealed class RegistryService(
    Database database, AgentStore agents, AgentConfigStore configs, LeaseStore leases, AgentTasks tasks, RegistrySettings settings)
    : Contracts.Registry.V1.RegistryService.RegistryServiceBase
{
    public override async Task<RegisterAgentResponse> RegisterAgent(RegisterAgentRequest request, ServerCallContext context)
    {
        RegistryRules.Check(request);

        await using var work = await database.BeginAsync(context);
        var id = work.Caller.AgentId;
        var agent = await agents.RegisterAsync(work, id, request) ?? throw RegistryRules.AgentDisabled(id);
        work.Audit("agent.register", $"agent/{id}",
            [("epoch", agent.Epoch.ToString(CultureInfo.InvariantCulture)), ("version", agent.Version),
             ("platform", EnumText.Of(agent.Platform)), ("hostname", agent.Hostname)]);
        // Whatever the process before had in its hands is lost with it.
        if (agent.Epoch > 1)
            foreach (var task in await leases.FindHeldAsync(work, id, agent.Epoch))
                tasks.Change(work, AgentTaskRules.Lose(task, AgentTaskRules.AgentRestarted, $"The agent registered again, at epoch {agent.Epoch}.", database.Now));
        return await work.CommitAsync(new RegisterAgentResponse
        {
            Agent = agent.ToProto(OnlineSince),
            HeartbeatInterval = settings.HeartbeatInterval.ToDuration(),
        });
    }

    public override async Task<HeartbeatResponse> Heartbeat(HeartbeatRequest request, ServerCallContext context)
    {
        RegistryRules.Check(request);

        await using var work = await database.BeginAsync(context);
        var id = work.Caller.AgentId;
        var configVersion = await agents.BeatAsync(work, id, request.Epoch)
            ?? throw RegistryRules.WhyRefused(await agents.FindAsync(work, id), id, request.Epoch);
        return await work.CommitAsync(new HeartbeatResponse
        {
            HeartbeatInterval = settings.HeartbeatInterval.ToDuration(),
            ConfigVersion = configVersion,
        });
    }

    public override async Task<GetAgentResponse> GetAgent(GetAgentRequest request, ServerCallContext context)
    {
        new FieldChecks().DottedName("id", request.Id).ThrowIfAny();
        var id = context.Caller().NarrowTo(request.Id);

        var agent = await agents.FindAsync(id, context) ?? throw RegistryRules.AgentNotFound(id);
        return new GetAgentResponse { Agent = agent.ToProto(OnlineSince) };
    }

    public override async Task<ListAgentsResponse> ListAgents(ListAgentsRequest request, ServerCallContext context)
    {
        RegistryRules.Check(request);
        bool? isOnline = request.HasIsOnline ? request.IsOnline : null;
        var page = PageRequest.Read("agents", request.PageSize, request.PageToken, request.Platform, isOnline, request.Tag);

        // Read once, so that the filter and what the answer says are of the same moment.
        var onlineSince = OnlineSince;
        var fetched = await agents.ListAsync(page, request.Platform, request.Tag, isOnline, onlineSince, context);
        var (rows, next) = page.Cut(fetched, a => a.Id);
        return new ListAgentsResponse { Agents = { rows.Select(a => a.ToProto(onlineSince)) }, NextPageToken = next };
    }

    public override async Task<GetAgentConfigResponse> GetAgentConfig(GetAgentConfigRequest request, ServerCallContext context)
    {
        new FieldChecks().DottedName("agent_id", request.AgentId).ThrowIfAny();
        var id = context.Caller().NarrowTo(request.AgentId);

        var config = await configs.FindAsync(id, context) ?? throw RegistryRules.ConfigNotFound(id);
        return new GetAgentConfigResponse { Config = config.ToProto() };
    }

    private DateTimeOffset OnlineSince => database.Now - settings.OfflineAfter;
}
