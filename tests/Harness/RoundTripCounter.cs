using System.Diagnostics;

namespace AgentPlatform.Tests;

/// <summary>
/// Counts what goes to Postgres for one call: a span of Npgsql's a batch, all of the trace that the call belongs to, and a span "commit" or "read", which
/// tells how many it took, for what is shared with other calls.
/// </summary>
public sealed class RoundTripCounter : IDisposable
{
    private readonly ActivitySource _source = new("AgentPlatform.Tests");
    private readonly ActivityListener _listener;
    private int _count;
    private string _traceId = "";

    public RoundTripCounter()
    {
        _listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name is "Npgsql" or "Microsoft.AspNetCore" or "System.Net.Http" or "AgentPlatform" or "AgentPlatform.Tests",
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                // A pool that grows opens connections within a call, which are spans of the same trace but no part of its work.
                var isConnect = activity.OperationName.StartsWith("CONNECT", StringComparison.OrdinalIgnoreCase)
                    || activity.DisplayName.StartsWith("CONNECT", StringComparison.OrdinalIgnoreCase);
                var roundTrips = activity.Source.Name == "Npgsql" ? isConnect ? 0 : 1 : activity.GetTagItem("agentplatform.round_trips") as int? ?? 0;
                if (activity.TraceId.ToHexString() == Volatile.Read(ref _traceId))
                    Interlocked.Add(ref _count, roundTrips);
            },
        };
        ActivitySource.AddActivityListener(_listener);
    }

    public async Task<int> CountAsync(Func<Task> call)
    {
        using var trace = _source.StartActivity("count")!;
        _count = 0;
        Volatile.Write(ref _traceId, trace.TraceId.ToHexString());
        await call();
        return Volatile.Read(ref _count);
    }

    public void Dispose()
    {
        _listener.Dispose();
        _source.Dispose();
    }
}
