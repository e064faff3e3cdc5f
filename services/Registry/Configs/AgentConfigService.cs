using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>The RPCs of agents' configuration. See config.proto for what each promises.</summary>
public sealed class AgentConfigService(Database database, AgentConfigStore store, Follower follower)
    : Contracts.Registry.V1.AgentConfigService.AgentConfigServiceBase
{
    public override async Task<SetAgentConfigResponse> SetAgentConfig(SetAgentConfigRequest request, ServerCallContext context)
    {
        AgentConfigRules.Check(request, out var config, out var schema);
        if (schema is not null)
            AgentConfigRules.CheckSchema(request.Schema, request.Config);

        await using var work = await database.BeginAsync(context);
        var present = await store.FindToChangeAsync(work, request.AgentId);
        AgentConfigRules.CheckVersion(request.AgentId, present, request.HasVersion ? request.Version : null);
        if (request.Schema is null && present?.Schema is { } kept)
        {
            // It holds on, under the lock: whoever sets another schema meanwhile waits.
            AgentConfigRules.CheckSchema(JsonStruct.Parse(kept), request.Config);
            schema = kept;
        }
        var enabled = request.HasEnabled ? request.Enabled : present?.Enabled ?? true;
        var next = new AgentConfigRecord(request.AgentId, enabled, (present?.Version ?? 0) + 1, config, schema, database.Now);
        await PutAsync(work, next, request.Reason, rolledBackTo: 0);
        return await work.CommitAsync(new SetAgentConfigResponse { Config = next.ToProto() });
    }

    public override async Task<RollbackAgentConfigResponse> RollbackAgentConfig(RollbackAgentConfigRequest request, ServerCallContext context)
    {
        AgentConfigRules.Check(request);

        await using var work = await database.BeginAsync(context);
        var present = await store.FindToChangeAsync(work, request.AgentId);
        AgentConfigRules.CheckVersion(request.AgentId, present, request.HasVersion ? request.Version : null);
        var earlier = (await store.FindVersionAsync(work, request.AgentId, request.ToVersion))?.Config
            ?? throw AgentConfigRules.VersionNotFound(request.AgentId, request.ToVersion);
        // It met its own schema when it was set, and takes that up with it.
        var next = earlier with { Version = (present?.Version ?? 0) + 1, UpdatedAt = database.Now };
        await PutAsync(work, next, request.Reason, request.ToVersion);
        return await work.CommitAsync(new RollbackAgentConfigResponse { Config = next.ToProto() });
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

    private async Task PutAsync(UnitOfWork work, AgentConfigRecord next, string reason, long rolledBackTo)
    {
        if (!await store.PutAsync(work, next, reason, rolledBackTo))
            throw Errors.ConcurrentUpdate($"The configuration of agent {next.AgentId}");
        // What is set may be large, and may hold what the log should not: the version tells where to look.
        work.Audit("agent.configure", $"agent/{next.AgentId}",
            [("version", $"{next.Version}"), ("enabled", next.Enabled ? "true" : "false"), ("has_schema", next.Schema is null ? "false" : "true"), ("rolled_back_to", rolledBackTo == 0 ? "" : $"{rolledBackTo}"), ("reason", reason)]);
    }
}
