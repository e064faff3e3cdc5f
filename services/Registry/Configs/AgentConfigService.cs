using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>The RPCs of agents' configuration. See config.proto for what each promises.</summary>
public sealed class AgentConfigService(Database database, AgentConfigStore store, Follower follower)
    : Contracts.Registry.V1.AgentConfigService.AgentConfigServiceBase
{
    public override async Task<SetAgentConfigResponse> SetAgentConfig(SetAgentConfigRequest request, ServerCallContext context)
    {
        AgentConfigRules.Check(request, out var config);

        await using var work = await database.BeginAsync(context);
        var present = await store.FindToChangeAsync(work, request.AgentId);
        AgentConfigRules.CheckVersion(request.AgentId, present, request.HasVersion ? request.Version : null);
        var set = await PutAsync(work, present, request.AgentId, request.HasEnabled ? request.Enabled : present?.Enabled ?? true, config, request.Reason, rolledBackTo: 0);
        return await work.CommitAsync(new SetAgentConfigResponse { Config = set.ToProto() });
    }

    public override async Task<RollbackAgentConfigResponse> RollbackAgentConfig(RollbackAgentConfigRequest request, ServerCallContext context)
    {
        AgentConfigRules.Check(request);

        await using var work = await database.BeginAsync(context);
        var present = await store.FindToChangeAsync(work, request.AgentId);
        AgentConfigRules.CheckVersion(request.AgentId, present, request.HasVersion ? request.Version : null);
        var earlier = (await store.FindVersionAsync(work, request.AgentId, request.ToVersion))?.Config
            ?? throw AgentConfigRules.VersionNotFound(request.AgentId, request.ToVersion);
        var set = await PutAsync(work, present, request.AgentId, earlier.Enabled, earlier.Config, request.Reason, request.ToVersion);
        return await work.CommitAsync(new RollbackAgentConfigResponse { Config = set.ToProto() });
    }

    public override async Task<ListConfigVersionsResponse> ListConfigVersions(ListConfigVersionsRequest request, ServerCallContext context)
    {
        new FieldChecks().DottedName("agent_id", request.AgentId).ThrowIfAny();
        var id = context.Caller().NarrowTo(request.AgentId);
        var page = PageRequest.Read("config_versions", request.PageSize, request.PageToken, id);

        var (rows, next) = await store.ListVersionsAsync(page, id, context);
        return new ListConfigVersionsResponse { Versions = { rows.Select(v => v.ToProto()) }, NextPageToken = next };
    }

    public override Task WatchConfig(WatchConfigRequest request, IServerStreamWriter<WatchConfigResponse> responseStream, ServerCallContext context)
    {
        new FieldChecks().DottedName("agent_id", request.AgentId).ThrowIfAny();
        var id = context.Caller().NarrowTo(request.AgentId);
        // A configuration that is not there yet has version zero, which nobody is told.
        return follower.RunAsync(context, AgentConfigRules.TopicOf(id), () => store.FindAsync(id, context), config => config?.Version ?? 0, _ => false,
            (config, stop) => responseStream.WriteAsync(new WatchConfigResponse { Config = config!.ToProto() }, stop));
    }

    private async Task<AgentConfigRecord> PutAsync(
        UnitOfWork work, AgentConfigRecord? present, string agentId, bool enabled, string config, string reason, long rolledBackTo)
    {
        var next = new AgentConfigRecord(agentId, enabled, (present?.Version ?? 0) + 1, config, database.Now);
        if (!await store.PutAsync(work, next, reason, rolledBackTo))
            throw Errors.ConcurrentUpdate($"The configuration of agent {agentId}");
        // What is set may be large, and may hold what the log should not: the version tells where to look.
        work.Audit("agent.configure", $"agent/{agentId}",
            [("version", $"{next.Version}"), ("enabled", enabled ? "true" : "false"), ("rolled_back_to", rolledBackTo == 0 ? "" : $"{rolledBackTo}"), ("reason", reason)]);
        return next;
    }
}
