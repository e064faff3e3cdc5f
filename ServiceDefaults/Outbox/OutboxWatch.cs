using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AgentPlatform;

/// <summary>Looks now and then at how much waits in the outbox, whoever relays it.</summary>
internal sealed partial class OutboxWatch(TieredPool pool, OutboxBacklog backlog, Database database, TimeProvider clock, ILogger<OutboxWatch> log)
    : BackgroundService
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(5);

    // Ids carry the time, so the first by the primary key is the oldest.
    private const string Look = """
        SELECT (SELECT count(*)::int FROM (SELECT FROM outbox LIMIT $1) AS counted),
               (SELECT created_at FROM outbox ORDER BY id LIMIT 1)
        """;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Every, clock);
        do
        {
            try { await LookAsync(stoppingToken); }
            // What was seen last stands until the next look.
            catch (Exception e) when (e is NpgsqlException or PlatformException or TimeoutException) { Failed(log, e.Message); }
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task LookAsync(CancellationToken cancellation)
    {
        await using var rented = await pool.RentAsync(PoolTier.System, cancellation);
        await using var command = new NpgsqlCommand(Look, rented.Connection);
        command.Parameters.Add(SqlBatch.Of(OutboxBacklog.CountedEntries));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var age = reader.IsDBNull(1) ? TimeSpan.Zero : database.Now - reader.GetFieldValue<DateTimeOffset>(1);
        backlog.Seen(reader.GetInt32(0), age);
    }

    [LoggerMessage(LogLevel.Warning, "Looking at the outbox failed ({Cause})")]
    private static partial void Failed(ILogger log, string cause);
}
