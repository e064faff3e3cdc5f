using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AgentPlatform;

/// <summary>Removes answers that have outlived their time, in small batches so that no lock is held for long.</summary>
internal sealed partial class IdempotencySweeper(Database database, TieredPool pool, IdempotencySettings settings, TimeProvider clock, ILogger<IdempotencySweeper> log)
    : BackgroundService
{
    private const int BatchRows = 1_000;

    // SKIP LOCKED lets several instances sweep side by side.
    private const string Sweep = """
        DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM idempotency WHERE created_at <= $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))
        """;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(settings.SweepEvery, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await SweepAsync(stoppingToken) == BatchRows) { }
            }
            // The database is away; the rows are still there at the next tick.
            catch (Exception e) when (e is NpgsqlException or PlatformException or TimeoutException) { Failed(log, e); }
        }
    }

    private async Task<int> SweepAsync(CancellationToken cancellation)
    {
        await using var rented = await pool.RentAsync(PoolTier.System, cancellation);
        await using var command = new NpgsqlCommand(Sweep, rented.Connection);
        command.Parameters.Add(SqlParameters.Of(database.IdempotencyCutoff));
        command.Parameters.Add(SqlParameters.Of(BatchRows));
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    [LoggerMessage(LogLevel.Warning, "Sweeping idempotency answers failed; it is tried again at the next turn")]
    private static partial void Failed(ILogger log, Exception exception);
}
