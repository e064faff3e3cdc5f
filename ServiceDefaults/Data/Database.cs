using System.Security.Cryptography;
using System.Text;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// A service's way to its own schema. Reads go straight to the pool; whatever changes state goes through
/// <see cref="BeginAsync"/>, and there is no other way to commit.
/// </summary>
public sealed class Database(NpgsqlDataSource source, ServiceName service, OutboxSignal signal, IdempotencySettings idempotency, TimeProvider clock)
{
    private static readonly TimeSpan RetryInFlightEvery = TimeSpan.FromMilliseconds(50);

    // The lock makes two calls with one key wait for each other; it ends with the transaction, so a killed process holds
    // nobody up. The look-up is a statement of its own, so that its snapshot is younger than the lock.
    private const string ClaimKey = "SELECT set_config('application_name', $1, true), pg_try_advisory_xact_lock($2)";
    private const string FindAnswer = """
        SELECT fingerprint, answer FROM idempotency
         WHERE caller = $1 AND method = $2 AND key = $3 AND created_at > $4
        """;

    /// <summary>Now, by the platform's clock, cut to the microseconds that Postgres keeps.</summary>
    public DateTimeOffset Now
    {
        get
        {
            var now = clock.GetUtcNow();
            return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        }
    }

    /// <summary>
    /// Begins the one transaction of a call that changes state. With an idempotency key that was answered before, the stored
    /// answer is returned to the caller at this point and the rest of the method does not run.
    /// </summary>
    public async Task<UnitOfWork> BeginAsync(ServerCallContext context)
    {
        var call = IdempotentCall.Of(context);
        var connection = await source.OpenConnectionAsync(context.CancellationToken);
        var work = new UnitOfWork(connection, this, context, service.Name, signal) { Idempotency = call };
        try
        {
            if (call is null)
                work.Tag();
            else
                await ClaimAsync(work, call, context.CancellationToken);
            return work;
        }
        catch
        {
            await work.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a read and maps its rows.</summary>
    public async Task<List<T>> QueryAsync<T>(string sql, Func<NpgsqlDataReader, T> map, CancellationToken cancellation, params object?[] values)
    {
        await using var command = source.CreateCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(SqlParameters.Of(value));
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellation))
            rows.Add(map(reader));
        return rows;
    }

    /// <summary>Runs a read of at most one row.</summary>
    public async Task<T?> QuerySingleAsync<T>(string sql, Func<NpgsqlDataReader, T> map, CancellationToken cancellation, params object?[] values)
        where T : class =>
        (await QueryAsync(sql, map, cancellation, values)).SingleOrDefault();

    private async Task ClaimAsync(UnitOfWork work, IdempotentCall call, CancellationToken cancellation)
    {
        var giveUpAt = clock.GetUtcNow() + idempotency.InFlightWait;
        while (!await TryClaimAsync(work, call, cancellation))
        {
            if (clock.GetUtcNow() >= giveUpAt)
                throw new PlatformException(StatusCode.Aborted, "IDEMPOTENCY_IN_FLIGHT", "A call with this idempotency key is still running; try again.")
                {
                    RetryAfter = TimeSpan.FromSeconds(1),
                };
            await work.RollbackAsync();
            await Task.Delay(RetryInFlightEvery, clock, cancellation);
        }
    }

    private async Task<bool> TryClaimAsync(UnitOfWork work, IdempotentCall call, CancellationToken cancellation)
    {
        await using var batch = work.NewBatch();
        batch.Add("BEGIN");
        batch.Add(ClaimKey, work.ConnectionTag, LockOf(call));
        batch.Add(FindAnswer, call.Caller, call.Method, call.Key, Now - idempotency.Retention);
        await using var reader = await batch.ExecuteReaderAsync(cancellation);

        await reader.ReadAsync(cancellation);
        var claimed = reader.GetBoolean(1);
        await reader.NextResultAsync(cancellation);
        if (await reader.ReadAsync(cancellation))
            call.Replay(fingerprint: reader.GetFieldValue<byte[]>(0), answer: reader.GetFieldValue<byte[]>(1));
        return claimed;
    }

    // 64 bits of a SHA-256: should two keys ever share them, one of the calls waits or is told to try again, and that is all.
    private static long LockOf(IdempotentCall call) =>
        BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes($"{call.Caller}\n{call.Method}\n{call.Key}")));

    internal DateTimeOffset IdempotencyCutoff => Now - idempotency.Retention;
}
