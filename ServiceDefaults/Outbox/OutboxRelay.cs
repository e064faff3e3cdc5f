using AgentPlatform.Contracts.Audit.V1;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Sends the outbox to Audit, at least once: rows go away only after Audit has them, and Audit drops repeats by event id.
/// Rows are locked while they travel, so several instances share the work. While Audit is away the rows wait in Postgres
/// and no memory grows.
/// </summary>
internal sealed class OutboxRelay(
    TieredPool pool, OutboxSignal signal, AuditService.AuditServiceClient audit, ServiceIdentity identity,
    TimeProvider clock, ILogger<OutboxRelay> log) : Relay(clock, log)
{
    private const int BatchEntries = 500;
    private static readonly TimeSpan SendTimeout = TimeSpan.FromSeconds(10);

    // Commits of this process wake the relay at once; this is for what an instance that died has left behind.
    private static readonly TimeSpan LookAtLeastEvery = TimeSpan.FromSeconds(1);

    private const string Take = """
        DELETE FROM outbox WHERE id = ANY (ARRAY(
            SELECT id FROM outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED))
        RETURNING entry
        """;

    protected override Task WaitAsync(CancellationToken cancellation) => signal.WaitAsync(LookAtLeastEvery, cancellation);

    protected override async Task<bool> RelayAsync(CancellationToken cancellation)
    {
        await using var rented = await pool.RentAsync(PoolTier.System, cancellation);
        await using var transaction = await rented.Connection.BeginTransactionAsync(cancellation);
        var entries = new List<AuditEntry>();
        await using (var take = new NpgsqlCommand(Take, rented.Connection, transaction))
        {
            take.Parameters.Add(SqlBatch.Of(BatchEntries));
            await using var reader = await take.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                entries.Add(AuditEntry.Parser.ParseFrom(reader.GetFieldValue<byte[]>(0)));
        }
        if (entries.Count == 0)
            return false;

        // DELETE returns rows in any order; Audit keeps the order it is given, and the ids carry the time.
        var request = new AppendEntriesRequest { Entries = { entries.OrderBy(e => e.EventId, StringComparer.Ordinal) } };
        var headers = await identity.HeadersAsync(cancellation);
        await audit.AppendEntriesAsync(request, headers, Clock.GetUtcNow().UtcDateTime + SendTimeout, cancellation);
        await transaction.CommitAsync(CancellationToken.None);
        return entries.Count == BatchEntries;
    }
}
