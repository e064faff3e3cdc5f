using System.Diagnostics;
using System.Globalization;
using AgentPlatform.Contracts.Audit.V1;
using Grpc.Core;

namespace AgentPlatform.Audit;

/// <summary>The RPCs of the audit log. See audit.proto for what each promises.</summary>
public sealed class AuditService(Database database, AuditStore store) : Contracts.Audit.V1.AuditService.AuditServiceBase
{
    public override async Task<AppendEntriesResponse> AppendEntries(AppendEntriesRequest request, ServerCallContext context)
    {
        var caller = context.Caller();
        AuditRules.CheckCount(request);
        if (caller.IsAgent)
            AuditRules.Attribute(request.Entries, caller, CorrelationId.Of(context), Activity.Current?.TraceId.ToHexString() ?? "");
        var records = AuditRules.Read(request.Entries, caller, database.Now);

        await using var work = await database.BeginAsync(context);
        var appended = await store.AppendAsync(work, records);
        return await work.CommitAsync(new AppendEntriesResponse { AppendedCount = appended, RepeatedCount = records.Count - appended });
    }

    public override async Task<ListEntriesResponse> ListEntries(ListEntriesRequest request, ServerCallContext context)
    {
        var filter = AuditRules.Read(request, context.Caller());
        var page = PageRequest.Read("audit", request.PageSize, request.PageToken, filter.AgentId, request.Operation, request.ResourcePrefix,
            request.CorrelationId, request.TraceId, request.StartTime, request.EndTime, request.Outcome);

        var fetched = await store.ListAsync(page, filter, context);
        var (rows, next) = page.Cut(fetched, r => r.Position.ToString(CultureInfo.InvariantCulture));
        return new ListEntriesResponse { Entries = { rows.Select(r => r.ToProto()) }, NextPageToken = next };
    }
}
