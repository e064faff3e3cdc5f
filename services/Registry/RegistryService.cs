using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>The RPCs of the registry. See registry.proto for what each promises.</summary>
public sealed class RegistryService(
    Database database, AgentStore agents, AgentRegistration registration, AgentStatuses statuses, AgentEvents events, Heartbeats heartbeats, AgentConfigStore configs,
    RegistrySettings settings)
    : Contracts.Registry.V1.RegistryService.RegistryServiceBase
{
    public override Task<RegisterAgentResponse> RegisterAgent(RegisterAgentRequest request, ServerCallContext context)
    {
        RegistryRules.Check(request);
        return registration.RegisterAsync(request, settings, context);
    }

    public override async Task<HeartbeatResponse> Heartbeat(HeartbeatRequest request, ServerCallContext context)
    {
        var answer = await heartbeats.BeatAsync(request, context);
        if (context.Header(IdempotencyInterceptor.KeyHeader) is null)
            return answer;
        // A heartbeat needs no key; one that has it pays for the keeping of its answer.
        await using var work = await database.BeginAsync(context);
        return await work.CommitAsync(answer);
    }

    public override async Task<GetAgentResponse> GetAgent(GetAgentRequest request, ServerCallContext context)
    {
        new FieldChecks().DottedName("id", request.Id).ThrowIfAny();
        var id = context.Caller().NarrowTo(request.Id);

        var agent = await agents.FindAsync(id, context) ?? throw RegistryRules.AgentNotFound(id);
        return new GetAgentResponse { Agent = agent.ToProto() };
    }

    public override async Task<ListAgentsResponse> ListAgents(ListAgentsRequest request, ServerCallContext context)
    {
        var filter = AgentFilter.Read(request);
        var page = PageRequest.Read("agents", request.PageSize, request.PageToken, filter);

        var fetched = await agents.ListAsync(page, filter, context);
        var (rows, next) = page.Cut(fetched, a => a.Id);
        return new ListAgentsResponse { Agents = { rows.Select(a => a.ToProto()) }, NextPageToken = next };
    }

    public override Task WatchAgents(WatchAgentsRequest request, IServerStreamWriter<WatchAgentsResponse> responseStream, ServerCallContext context) =>
        events.WatchAsync(request, responseStream, context);

    public override async Task<DisableAgentResponse> DisableAgent(DisableAgentRequest request, ServerCallContext context) =>
        new() { Agent = await statuses.DisableAsync(request.Id, request.Reason, context) };

    public override async Task<EnableAgentResponse> EnableAgent(EnableAgentRequest request, ServerCallContext context) =>
        new() { Agent = await statuses.EnableAsync(request.Id, request.Reason, context) };

    public override async Task<QuarantineAgentResponse> QuarantineAgent(QuarantineAgentRequest request, ServerCallContext context) =>
        new() { Agent = await statuses.QuarantineAsync(request.Id, request.Reason, context) };

    public override async Task<ReleaseAgentResponse> ReleaseAgent(ReleaseAgentRequest request, ServerCallContext context) =>
        new() { Agent = await statuses.ReleaseAsync(request.Id, request.Reason, context) };

    public override async Task<DeregisterAgentResponse> DeregisterAgent(DeregisterAgentRequest request, ServerCallContext context) =>
        new() { Agent = await statuses.DeregisterAsync(request.Id, request.Reason, context) };

    public override async Task<GetAgentConfigResponse> GetAgentConfig(GetAgentConfigRequest request, ServerCallContext context)
    {
        new FieldChecks().DottedName("agent_id", request.AgentId).ThrowIfAny();
        var id = context.Caller().NarrowTo(request.AgentId);

        var config = await configs.FindAsync(id, context) ?? throw RegistryRules.ConfigNotFound(id);
        return new GetAgentConfigResponse { Config = config.ToProto() };
    }
}
