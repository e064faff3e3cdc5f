namespace AgentPlatform.Registry;

/// <summary>Makes the days to come ready, and removes those past their time. Whichever instance comes first does it; the others find it done.</summary>
public sealed class TelemetrySweeper(Database database, TelemetryStore store, TelemetrySettings settings, TimeProvider clock, ILogger<TelemetrySweeper> log)
    : Sweeper(settings.SweepEvery, clock, log)
{
    // Should sweeping fail for a day, there is one more.
    private const int DaysAhead = 2;

    protected override async Task SweepAsync(CancellationToken cancellation)
    {
        var today = DateOnly.FromDateTime(database.Now.UtcDateTime);
        await using var work = await database.BeginAsync(cancellation);
        await store.MakeDaysAsync(work, today, today.AddDays(DaysAhead));
        var before = today.AddDays(-settings.Retention.Days);
        var dropped = await store.DropDaysAsync(work, before);
        if (dropped > 0)
            work.Audit("telemetry.remove", "telemetry", [("days", $"{dropped}"), ("before", $"{before:O}")]);
        await work.CommitAsync();
    }
}
