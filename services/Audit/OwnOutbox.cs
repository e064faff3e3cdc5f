using AgentPlatform.Audit.Redaction;
using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Audit.V1;
using Npgsql;

namespace AgentPlatform.Audit;

/// <summary>
/// Brings this service's own outbox into the log, as the relay does for all others over gRPC: at least once, and repeats are dropped by event id.
/// </summary>
public sealed partial class OwnOutbox(
    WriterSource source, AppendQueue queue, OutboxSignal signal, Database database, Redactor redactor, TimeProvider clock, ILogger<OwnOutbox> log) : BackgroundService
{
    private const int BatchEntries = 500;
    private static readonly TimeSpan LookAtLeastEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(2);
    private static readonly Caller Self = new() { Subject = "service:audit", Roles = [Role.Service] };

    private const string Take = """
        DELETE FROM audit.outbox WHERE id = ANY (ARRAY(SELECT id FROM audit.outbox ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED))
        RETURNING entry
        """;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                while (await RelayAsync(stoppingToken) == BatchEntries) { }
                await signal.WaitAsync(LookAtLeastEvery, stoppingToken);
            }
            // This process stops; what was not written is still in the table.
            catch (Exception) when (stoppingToken.IsCancellationRequested) { return; }
            // Whatever it is, the entries are safe in the table: say so, wait, try again.
            catch (Exception e)
            {
                Failed(log, e);
                await Task.Delay(PauseAfterFailure, clock, stoppingToken);
            }
        }
    }

    private async Task<int> RelayAsync(CancellationToken cancellation)
    {
        await using var connection = await source.OpenAsync(cancellation);
        await using var transaction = await connection.BeginTransactionAsync(cancellation);
        var entries = new List<AuditEntry>();
        await using (var take = source.Command(connection, Take, BatchEntries))
        {
            await using var reader = await take.ExecuteReaderAsync(cancellation);
            while (await reader.ReadAsync(cancellation))
                entries.Add(AuditEntry.Parser.ParseFrom(reader.GetFieldValue<byte[]>(0)));
        }
        if (entries.Count == 0)
            return 0;
        var records = entries.OrderBy(e => e.EventId, StringComparer.Ordinal).Select(e => AuditRules.Read(e, "", Self, database.Now, redactor)).ToList();
        await queue.AppendAsync(records, cancellation);
        await transaction.CommitAsync(CancellationToken.None);
        return entries.Count;
    }

    [LoggerMessage(LogLevel.Warning, "The service's own audit entries wait in its outbox")]
    private static partial void Failed(ILogger log, Exception exception);
}
