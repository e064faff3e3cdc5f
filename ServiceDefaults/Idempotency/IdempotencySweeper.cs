using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AgentPlatform;

/// <summary>Removes answers that have outlived their time, in small batches so that no lock is held for long.</summary>
internal sealed partial class IdempotencySweeper(Database database, NpgsqlDataSource source, TimeProvider clock, ILogger<IdempotencySweeper> log)
    : BackgroundService
{
    private const int BatchRows = 1_000;
    private static readonly TimeSpan Every = TimeSpan.FromMinutes(1);

    // SKIP LOCKED lets several instances sweep side by side.
    private const string Sweep = """
        DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM idempotency WHERE created_at <= $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))
        """;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                while (await SweepAsync(stoppingToken) == BatchRows) { }
            }
            // The database is away; the rows are still there at the next tick.
            catch (Exception e) when (e is NpgsqlException or TimeoutException) { Failed(log, e); }
        }
    }

    private async Task<int> SweepAsync(CancellationToken cancellation)
    {
        await using var command = source.CreateCommand(Sweep);
        command.Parameters.Add(SqlParameters.Of(database.IdempotencyCutoff));
        command.Parameters.Add(SqlParameters.Of(BatchRows));
        return await command.ExecuteNonQueryAsync(cancellation);
    }

    [LoggerMessage(LogLevel.Warning, "Sweeping idempotency answers failed; next try in a minute")]
    private static partial void Failed(ILogger log, Exception exception);
}
