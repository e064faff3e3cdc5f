using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>The RPCs of telemetry. See telemetry.proto for what each promises.</summary>
public sealed class TelemetryService(Database database, TelemetryQueue queue, TelemetryStore store, StreamGate gate)
    : Contracts.Registry.V1.TelemetryService.TelemetryServiceBase
{
    // What a unit of work asks first claims its key, or ends the call with the answer of before.
    private const string ClaimKey = "SELECT true";

    public override async Task<ReportTelemetryResponse> ReportTelemetry(ReportTelemetryRequest request, ServerCallContext context)
    {
        var points = TelemetryRules.Read(request.Points, context.Caller().AgentId, database.Now);
        if (context.Header(IdempotencyInterceptor.KeyHeader) is null)
            return await AppendAsync(points, context.CancellationToken);

        await using var work = await database.BeginAsync(context);
        await work.QueryAsync(ClaimKey, row => row.GetBoolean(0));
        return await work.CommitAsync(await AppendAsync(points, context.CancellationToken));
    }

    public override async Task<StreamTelemetryResponse> StreamTelemetry(IAsyncStreamReader<StreamTelemetryRequest> requestStream, ServerCallContext context)
    {
        var agentId = context.Caller().AgentId;
        var answer = new StreamTelemetryResponse();
        await gate.RunAsync(context, async stop =>
        {
            while (await requestStream.MoveNext(stop))
            {
                var counts = await queue.AppendAsync(TelemetryRules.Read(requestStream.Current.Points, agentId, database.Now), stop);
                answer.Accepted += counts.Accepted;
                answer.Repeated += counts.Repeated;
            }
        });
        return answer;
    }

    public override async Task<QueryTelemetryResponse> QueryTelemetry(QueryTelemetryRequest request, ServerCallContext context)
    {
        TelemetryRules.Check(request, out var startAt, out var endAt);
        var agentId = context.Caller().NarrowTo(request.AgentId);
        var page = PageRequest.Read("telemetry", request.PageSize, request.PageToken, agentId, request.StartTime, request.EndTime);

        var (rows, next) = await store.ListAsync(page, agentId, startAt, endAt, context);
        return new QueryTelemetryResponse { Points = { rows.Select(p => p.ToProto()) }, NextPageToken = next };
    }

    public override async Task<QueryTelemetryWindowsResponse> QueryTelemetryWindows(QueryTelemetryWindowsRequest request, ServerCallContext context)
    {
        TelemetryRules.Check(request, out var startAt, out var endAt, out var window);
        var agentId = context.Caller().NarrowTo(request.AgentId);

        var rows = await store.SumAsync(agentId, startAt, endAt, window, [.. request.Fields.Distinct()], context);
        return new QueryTelemetryWindowsResponse { Windows = { rows.GroupBy(r => r.StartsAt).Select(ToWindow) } };
    }

    private async Task<ReportTelemetryResponse> AppendAsync(List<TelemetryRecord> points, CancellationToken cancellation)
    {
        var counts = await queue.AppendAsync(points, cancellation);
        return new ReportTelemetryResponse { Accepted = counts.Accepted, Repeated = counts.Repeated };
    }

    private static TelemetryWindow ToWindow(IGrouping<DateTimeOffset, WindowRow> rows)
    {
        var window = new TelemetryWindow { StartTime = rows.Key.ToTimestamp() };
        foreach (var row in rows)
            window.Fields[row.Field] = new TelemetrySummary { Min = row.Min, Max = row.Max, Avg = row.Avg, Last = row.Last, Count = row.Count };
        return window;
    }
}
