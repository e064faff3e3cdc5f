using System.Security.Cryptography;
using System.Text;
using AgentPlatform.Audit.Redaction;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Audit;

/// <summary>The RPCs of the audit log. See audit.proto for what each promises.</summary>
public sealed class AuditService(
    Database database, AppendQueue queue, AuditStore store, ChainReader chains, ChainVerifier verifier, TailReader tail, ExportWriter export,
    MessageStore messages, ReadAudit reads, Redactor redactor) : Contracts.Audit.V1.AuditService.AuditServiceBase
{
    private const string Log = "audit/log";
    private const string Nothing = "SELECT 1";
    private const int IdBytes = 16;

    public override async Task<LogActionResponse> LogAction(LogActionRequest request, ServerCallContext context)
    {
        var entry = request.Entry ?? throw Errors.InvalidArgument("entry", "is required");
        var (caller, call) = (context.Caller(), IdempotentCall.Of(context));
        var isRepeatable = call is not null || entry.EventId.Length > 0;
        if (caller.IsAgent)
            AuditRules.Attribute(entry, caller, context);
        entry.OccurTime ??= database.Now.ToTimestamp();
        if (entry.EventId.Length == 0)
            entry.EventId = (call is null ? Guid.CreateVersion7(database.Now) : IdOf(call)).ToString();
        var record = AuditRules.Read(entry, "entry.", caller, database.Now, redactor);
        try
        {
            return await OnceAsync(context, async () =>
            {
                await queue.AppendAsync([record], context.CancellationToken);
                return new LogActionResponse { EventId = record.EventId.ToString() };
            });
        }
        catch (CommitUnknownException e) when (!isRepeatable)
        {
            throw new PlatformException(StatusCode.Aborted, "OUTCOME_UNKNOWN",
                "The connection to the database broke at the commit; whether the entry is in the log is not known. Look, or send an event id or an idempotency key.", e);
        }
        catch (CommitUnknownException e) { throw Errors.Unavailable("The database", e); }
    }

    public override async Task<AppendEntriesResponse> AppendEntries(AppendEntriesRequest request, ServerCallContext context)
    {
        var caller = context.Caller();
        AuditRules.CheckCount(request);
        if (caller.IsAgent)
        {
            foreach (var entry in request.Entries)
                AuditRules.Attribute(entry, caller, context);
        }
        var records = AuditRules.Read(request.Entries, caller, database.Now, redactor);
        try
        {
            return await OnceAsync(context, async () =>
            {
                var appended = await queue.AppendAsync(records, context.CancellationToken);
                return new AppendEntriesResponse { AppendedCount = appended, RepeatedCount = records.Count - appended };
            });
        }
        // The caller made the event ids, so it can simply send the entries again.
        catch (CommitUnknownException e) { throw Errors.Unavailable("The database", e); }
    }

    public override async Task<GetEntryResponse> GetEntry(GetEntryRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("event_id", request.EventId, out var eventId).ThrowIfAny();
        var entry = await store.GetAsync(eventId, context.Caller().AgentId, context);
        await reads.RecordAsync("audit.get", Log, request, context, entry is null ? 0 : 1);
        return new GetEntryResponse { Entry = entry?.ToProto() ?? throw Errors.NotFound("ENTRY_NOT_FOUND", $"There is no entry {eventId}.") };
    }

    public override async Task<ListEntriesResponse> ListEntries(ListEntriesRequest request, ServerCallContext context)
    {
        var filter = FilterRules.Read(request, context.Caller());
        var page = PageRequest.Read("audit", request.PageSize, request.PageToken, filter.AgentId, request.Operation, request.ResourcePrefix, request.AuthorizedBy,
            request.SessionId, request.CorrelationId, request.TraceId, request.StartTime, request.EndTime, request.Outcome, request.MetadataContains, request.Order);

        var key = page.After is { } after ? ListKey.Parse(after) : new ListKey(null, 0, await store.HeadsAsync(context));
        var fetched = await store.ListAsync(filter, key, page.Fetch, context);
        var (rows, next) = page.Cut(fetched, key.After);
        await reads.RecordAsync("audit.list", Log, request, context, rows.Count);
        return new ListEntriesResponse { Entries = { rows.Select(r => r.ToProto()) }, NextPageToken = next };
    }

    public override async Task TailEntries(TailEntriesRequest request, IServerStreamWriter<TailEntriesResponse> responseStream, ServerCallContext context)
    {
        var (filter, after) = FilterRules.Read(request, context.Caller());
        await reads.RecordAsync("audit.tail", Log, request, context);
        await tail.RunAsync(filter, after, responseStream, context);
    }

    public override async Task<GetPerformanceMetricsResponse> GetPerformanceMetrics(GetPerformanceMetricsRequest request, ServerCallContext context)
    {
        var (filter, window) = FilterRules.Read(request, context.Caller(), database.Now);
        var rows = await store.MetricsAsync(filter, window, context);
        if (rows.Count > FilterRules.MetricsMaximumRows)
            throw Errors.InvalidArgument("window", $"gives more than {FilterRules.MetricsMaximumRows:N0} rows; ask for a longer window, one agent or one operation");
        await reads.RecordAsync("audit.metrics", Log, request, context, rows.Count);
        return new GetPerformanceMetricsResponse { Metrics = { rows } };
    }

    public override async Task<VerifyEntriesResponse> VerifyEntries(VerifyEntriesRequest request, ServerCallContext context)
    {
        new FieldChecks()
            .Require(request.StartPosition >= 0 && (request.StartPosition == 0 || request.HasShard), "start_position", "is negative or without a shard")
            .Require(request.EndPosition >= 0 && (request.EndPosition == 0 || request.HasShard), "end_position", "is negative or without a shard")
            .Require(request.EndPosition == 0 || request.EndPosition >= request.StartPosition, "end_position", "is before start_position")
            .ThrowIfAny();
        var answer = await verifier.VerifyAsync(request.HasShard ? request.Shard : null, request.StartPosition, request.EndPosition, context);
        await reads.RecordAsync("audit.verify", Log, request, context, answer.Breaks.Count);
        return answer;
    }

    public override async Task<ListCheckpointsResponse> ListCheckpoints(ListCheckpointsRequest request, ServerCallContext context)
    {
        var page = PageRequest.Read("checkpoints", request.PageSize, request.PageToken, request.HasShard ? request.Shard : null);
        var after = page.After is { } key ? ReadKey(key) : (-1, 0);
        var fetched = await chains.ListCheckpointsAsync(request.HasShard ? request.Shard : null, after, page.Fetch, context);
        var (rows, next) = page.Cut(fetched, c => $"{c.Shard}:{c.Number}");
        await reads.RecordAsync("audit.checkpoints", Log, request, context, rows.Count);
        return new ListCheckpointsResponse { Checkpoints = { rows.Select(r => r.ToProto()) }, NextPageToken = next };
    }

    public override async Task ExportEntries(ExportEntriesRequest request, IServerStreamWriter<ExportEntriesResponse> responseStream, ServerCallContext context)
    {
        new FieldChecks().Time("start_time", request.StartTime, out var start).Time("end_time", request.EndTime, out var end)
            .Require(start is null || end is null || start < end, "end_time", "is not after start_time")
            .KnownOrUnspecified("format", request.Format).ThrowIfAny();
        // Before the first byte leaves: nobody gets an export that is not in the log.
        await reads.RecordAsync("audit.export", Log, request, context);
        await export.RunAsync(start, end, request.Format, responseStream, context);
    }

    public override async Task<RecordMessageResponse> RecordMessage(RecordMessageRequest request, ServerCallContext context)
    {
        var message = MessageRules.Read(request.Message, context.Caller(), database.Now, redactor);
        await using var work = await database.BeginAsync(context);
        var kept = await messages.AddAsync(work, message);
        work.Audit("message.record", $"message/{kept.Id}",
        [
            ("session_id", kept.SessionId), ("sha256", Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(kept.Text)))),
        ]);
        return await work.CommitAsync(new RecordMessageResponse { Message = kept.ToProto() });
    }

    public override async Task<ListMessagesResponse> ListMessages(ListMessagesRequest request, ServerCallContext context)
    {
        new FieldChecks().WellFormed("session_id", request.SessionId, AuditRules.SessionIdMaximumCharacters, minimum: 1).ThrowIfAny();
        var page = PageRequest.Read("messages", request.PageSize, request.PageToken, request.SessionId);
        var fetched = await messages.ListAsync(page, request.SessionId, context.Caller().AgentId, context);
        var (rows, next) = page.Cut(fetched, m => m.Sequence.ToString(System.Globalization.CultureInfo.InvariantCulture));
        await reads.RecordAsync("audit.messages", $"session/{request.SessionId}", request, context, rows.Count);
        return new ListMessagesResponse { Messages = { rows.Select(r => r.ToProto()) }, NextPageToken = next };
    }

    // With an idempotency key the answer is kept with it. The unit of work claims the key first, so that a key that was used for something else
    // has no effect; the effect itself goes its own way, and is idempotent by event id.
    private async Task<TResponse> OnceAsync<TResponse>(ServerCallContext context, Func<Task<TResponse>> append) where TResponse : IMessage
    {
        if (IdempotentCall.Of(context) is null)
            return await append();
        await using var work = await database.BeginAsync(context);
        await work.QueryAsync(Nothing, row => row.GetInt32(0));
        return await work.CommitAsync(await append());
    }

    // The same key gives the same id, should the first call end between the entry and its answer. A UUID of version 8: of our own making.
    private static Guid IdOf(IdempotentCall call)
    {
        var bytes = SHA256.HashData(Encoding.UTF8.GetBytes(call.Identity))[..IdBytes];
        (bytes[6], bytes[8]) = ((byte)(bytes[6] & 0x0F | 0x80), (byte)(bytes[8] & 0x3F | 0x80));
        return new Guid(bytes, bigEndian: true);
    }

    private static (int Shard, long Number) ReadKey(string key) => ShardPositions.TryParse(key, out var after) && after.Shards.Any()
        ? (after.Shards.First(), after[after.Shards.First()])
        : throw Errors.InvalidArgument("page_token", "is not a token that this list gave with these filters");
}
