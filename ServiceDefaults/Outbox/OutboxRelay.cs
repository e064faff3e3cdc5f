using AgentPlatform.Contracts.Audit.V1;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Sends the outbox to Audit, at least once: rows go away only after Audit has them, and Audit drops repeats by event id.
/// Rows are locked while they travel, so several instances share the work. While Audit is away the rows wait in Postgres
/// and no memory grows.
/// </summary>
internal sealed partial class OutboxRelay(
    TieredPool pool, OutboxSignal signal, AuditService.AuditServiceClient audit, ServiceIdentity identity,
    TimeProvider clock, ILogger<OutboxRelay> log) : BackgroundService
{
    private const int BatchEntries = 500;
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);

    // Commits of this process wake the relay at once; this is for what an instance that died has left behind.
    private static readonly TimeSpan LookAtLeastEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private const string Take = """
        DELETE FROM outbox WHERE id = ANY (ARRAY(
            SELECT id FROM outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED))
        RETURNING entry
        """;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var failures = 0;
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await RelayAsync(stoppingToken) == BatchEntries) { }
                failures = 0;
                await signal.WaitAsync(LookAtLeastEvery, stoppingToken);
            }
            // This process stops; what was not acknowledged is still in the table.
            catch (Exception) when (stoppingToken.IsCancellationRequested) { return; }
            // Whatever it is, the entries are safe in the table and the service itself is well: say so, wait, try again.
            catch (Exception e)
            {
                var pause = PauseAfter(++failures);
                Failed(log, e, pause.TotalSeconds);
                await Task.Delay(pause, clock, stoppingToken);
            }
        }
    }

    private async Task<int> RelayAsync(CancellationToken cancellation)
    {
        await using var rented = await pool.RentAsync(PoolTier.System, cancellation);
        await using var transaction = await rented.Connection.BeginTransactionAsync(cancellation);
        var entries = new List<AuditEntry>();
        await using (var take = new NpgsqlCommand(Take, rented.Connection, transaction))
        {
            take.Parameters.Add(SqlParameters.Of(BatchEntries));
            await using var reader = await take.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                entries.Add(AuditEntry.Parser.ParseFrom(reader.GetFieldValue<byte[]>(0)));
        }
        if (entries.Count == 0)
            return 0;

        // DELETE returns rows in any order; Audit keeps the order it is given, and the ids carry the time.
        var request = new AppendEntriesRequest { Entries = { entries.OrderBy(e => e.EventId, StringComparer.Ordinal) } };
        var headers = await identity.HeadersAsync(cancellation);
        await audit.AppendEntriesAsync(request, headers, clock.GetUtcNow().UtcDateTime + SendTimeout, cancellation);
        await transaction.CommitAsync(CancellationToken.None);
        return entries.Count;
    }

    // Doubles from half a second; the jitter keeps instances from knocking in step.
    private static TimeSpan PauseAfter(int failures)
    {
        var seconds = Math.Min(LongestPause.TotalSeconds, 0.5 * Math.Pow(2, Math.Min(failures, 10) - 1));
        return TimeSpan.FromSeconds(seconds * (0.75 + Random.Shared.NextDouble() / 2));
    }

    [LoggerMessage(LogLevel.Warning, "Audit entries wait in the outbox; next try in {Seconds:0.0} s")]
    private static partial void Failed(ILogger log, Exception exception, double seconds);
}
