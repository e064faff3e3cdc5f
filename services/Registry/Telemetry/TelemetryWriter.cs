namespace AgentPlatform.Registry;

/// <summary>
/// Writes what waits, all callers' points in one COPY, and tells them when it is durable. A lone caller waits for nobody; while one batch is on its way the next
/// collects. At the stop it takes no more and writes what was accepted.
/// </summary>
public sealed partial class TelemetryWriter(TelemetryQueue queue, TelemetryStore store, ILogger<TelemetryWriter> log) : BackgroundService
{
    // Tens of milliseconds of work; what lies beyond takes the next one.
    private const int BatchPoints = 5_000;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await using var stop = stoppingToken.Register(queue.Close);
        // Not by the token: what was accepted before the stop is written after it.
        while (await queue.Reader.WaitToReadAsync(CancellationToken.None))
        {
            var batch = Take();
            try
            {
                await WriteAsync(batch);
            }
            // Whatever it is, callers must learn of it, and the next batch may fare better. Points that were written nonetheless are repeats next time.
            catch (Exception e)
            {
                Failed(log, e, batch.Sum(p => p.Points.Count));
                var told = e is PlatformException ? e : Errors.Unavailable("The database", e);
                batch.ForEach(p => p.Fail(told));
            }
            finally
            {
                queue.Leave(batch);
            }
        }
    }

    private List<PendingPoints> Take()
    {
        var batch = new List<PendingPoints>();
        for (var points = 0; points < BatchPoints && queue.Reader.TryRead(out var pending); points += pending.Points.Count)
            batch.Add(pending);
        return batch;
    }

    private async Task WriteAsync(List<PendingPoints> batch)
    {
        var fresh = new Dictionary<TelemetryKey, TelemetryRecord>();
        foreach (var point in batch.SelectMany(p => p.Points))
            fresh.TryAdd(point.Key, point);
        var added = await store.TryCopyAsync(fresh.Values) ? [.. fresh.Keys] : await store.AddMissingAsync(fresh.Values);
        foreach (var pending in batch)
        {
            // Of the same point twice in a batch, the first one's caller has brought it.
            var accepted = pending.Points.LongCount(p => added.Remove(p.Key));
            pending.Succeed(new TelemetryCounts(accepted, pending.Points.Count - accepted));
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Points} points of telemetry could not be written; their callers were told")]
    private static partial void Failed(ILogger log, Exception exception, int points);
}
