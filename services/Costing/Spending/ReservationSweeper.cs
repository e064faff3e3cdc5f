namespace AgentPlatform.Costings;

/// <summary>
/// Ends reservations that were not settled in time, so that what an agent that died had set aside is free for others, and removes those that ended long
/// ago. Several instances share the work.
/// </summary>
public sealed class ReservationSweeper(
    Database database, SpendStore store, ReservationSettings settings, TimeProvider clock, ILogger<ReservationSweeper> log)
    : Sweeper(settings.SweepEvery, clock, log)
{
    private const int BatchReservations = 200;

    protected override async Task SweepAsync(CancellationToken cancellation)
    {
        while (await LapseAsync(cancellation) == BatchReservations) { }
        while (await RemoveAsync(cancellation) == BatchReservations) { }
    }

    private async Task<int> LapseAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var lapsed = await store.LapseAsync(work, BatchReservations);
        // Without a commit nothing has happened, which is right when there was nothing.
        if (lapsed.Count == 0)
            return 0;
        foreach (var reservation in lapsed)
            work.Audit("spend.lapse", $"reservation/{reservation.Id}", [("agent_id", reservation.AgentId), ("amount", reservation.Amount.ToExactText())]);
        await work.CommitAsync();
        return lapsed.Count;
    }

    private async Task<int> RemoveAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var removed = await SpendStore.RemoveAsync(work, database.Now - settings.Retention, BatchReservations);
        if (removed > 0)
            await work.CommitAsync();
        return removed;
    }
}
