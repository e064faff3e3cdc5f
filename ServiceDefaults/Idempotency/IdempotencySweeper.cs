using Microsoft.Extensions.Logging;
using Npgsql;

namespace AgentPlatform;

/// <summary>Removes answers that have outlived their time.</summary>
internal sealed class IdempotencySweeper(Database database, TieredPool pool, IdempotencySettings settings, TimeProvider clock, ILogger<IdempotencySweeper> log)
    : Sweeper(settings.SweepEvery, clock, log)
{
    private const int BatchRows = 1_000;

    private const string Delete = """
        DELETE FROM idempotency WHERE ctid = ANY (ARRAY(
            SELECT ctid FROM idempotency WHERE created_at <= $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))
        """;

    protected override async Task SweepAsync(CancellationToken cancellation)
    {
        while (await DeleteAsync(cancellation) == BatchRows) { }
    }

    private async Task<int> DeleteAsync(CancellationToken cancellation)
    {
        await using var rented = await pool.RentAsync(PoolTier.System, cancellation);
        await using var command = new NpgsqlCommand(Delete, rented.Connection);
        command.Parameters.Add(SqlBatch.Of(database.IdempotencyCutoff));
        command.Parameters.Add(SqlBatch.Of(BatchRows));
        return await command.ExecuteNonQueryAsync(cancellation);
    }
}
