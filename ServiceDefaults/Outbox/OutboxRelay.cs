using AgentPlatform.Contracts.Audit.V1;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// Carries the outbox to the audit log, at least once and the oldest first: rows go away only after the log has them, and the log drops repeats by event id.
/// While it cannot be reached the rows wait in Postgres and no memory grows.
/// </summary>
public abstract class OutboxRelay(Database database, OutboxSignal signal, TimeProvider clock, ILogger log) : Relay(clock, log)
{
    private const int BatchEntries = 500;

    // Commits of this process wake the relay at once; this is for what an instance that died has left behind.
    private static readonly TimeSpan LookAtLeastEvery = TimeSpan.FromSeconds(1);

    // An entry that comes alone is carried at once. Of many that come one after the other, each would be a call, and a transaction here and there: those of this time go together, for a fraction of it.
    private static readonly TimeSpan GatherFor = TimeSpan.FromMilliseconds(25);

    /// <summary>Now, by the platform's clock.</summary>
    protected DateTimeOffset Now => database.Now;

    /// <summary>Gives them to the log. When it returns, the log has them all.</summary>
    protected abstract Task SendAsync(IReadOnlyList<AuditEntry> entries, CancellationToken cancellation);

    /// <inheritdoc />
    protected sealed override Task WaitAsync(CancellationToken cancellation) =>
        Task.WhenAll(Task.Delay(GatherFor, cancellation), signal.WaitAsync(LookAtLeastEvery, cancellation));

    /// <inheritdoc />
    protected sealed override async Task<RelayOutcome> RelayAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        if (!await IsOurTurnAsync(work, "outbox"))
            return RelayOutcome.OthersTurn;
        var rows = await work.QueryAsync(OutboxSql.Oldest, Read, BatchEntries);
        if (rows.Count == 0)
            return RelayOutcome.Done;
        await work.RestAsync();
        await SendAsync(rows.ConvertAll(r => r.Entry), cancellation);
        work.Execute(OutboxSql.Delete, rows.Select(r => r.Id).ToArray());
        await work.CommitAsync();
        return rows.Count == BatchEntries ? RelayOutcome.More : RelayOutcome.Done;
    }

    private static (Guid Id, AuditEntry Entry) Read(NpgsqlDataReader row) => (row.GetGuid(0), AuditEntry.Parser.ParseFrom(row.GetFieldValue<byte[]>(1)));
}
