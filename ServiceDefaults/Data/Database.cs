using System.Diagnostics;
using AgentPlatform.Contracts.Access.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// A service's way to its own schema. Reads go straight to the pool; whatever changes state goes through
/// <see cref="BeginAsync"/>, and there is no other way to commit.
/// </summary>
public sealed class Database(NpgsqlDataSource source, UnitOfWorkTools tools)
{
    /// <summary>Now, by the platform's clock, cut to the microseconds that Postgres keeps.</summary>
    public DateTimeOffset Now
    {
        get
        {
            var now = tools.Clock.GetUtcNow();
            return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerMicrosecond));
        }
    }

    /// <summary>
    /// Begins the one transaction of a call that changes state. With an idempotency key that was answered before, the rest of
    /// the method ends at its first query, or at the commit, and the caller gets the stored answer.
    /// </summary>
    public ValueTask<UnitOfWork> BeginAsync(ServerCallContext context)
    {
        var caller = context.Caller();
        return ValueTask.FromResult(new UnitOfWork(new UnitOfWorkScope(
            this, caller, IdempotentCall.Of(context), CorrelationId.Of(context), SourceAddress.Of(context), context.CancellationToken, TagOf(caller), tools)));
    }

    /// <summary>
    /// Begins a transaction that nobody called for: what the service does by its clock, such as ending what has expired. The service itself is
    /// the principal, and the connection is the system's.
    /// </summary>
    public ValueTask<UnitOfWork> BeginAsync(CancellationToken cancellation)
    {
        return ValueTask.FromResult(new UnitOfWork(new UnitOfWorkScope(this, Self, null, "", "", cancellation, TagOf(Self), tools)));
    }

    /// <summary>
    /// Begins a transaction that only puts on the audit log what a call does on its way, whatever becomes of the call: it neither takes nor stores an answer under the call's
    /// idempotency key, so that the call's own unit of work can follow it.
    /// </summary>
    public ValueTask<UnitOfWork> BeginRecordAsync(ServerCallContext context) => ValueTask.FromResult(NewRecord(context));

    /// <summary>
    /// Puts a refusal on the audit log, in a transaction of its own: the call itself has no effect and stores no answer, so that a repeat is judged
    /// anew. Call it when the call's own unit of work is disposed of.
    /// </summary>
    public async Task RecordRefusalAsync(ServerCallContext context, string operation, string resource, PlatformException refusal)
    {
        await using var work = NewRecord(context);
        work.AuditRefusal(operation, resource, refusal);
        await work.CommitAsync();
    }

    private UnitOfWork NewRecord(ServerCallContext context)
    {
        var caller = context.Caller();
        return new UnitOfWork(new UnitOfWorkScope(
            this, caller, null, CorrelationId.Of(context), SourceAddress.Of(context), context.CancellationToken, TagOf(caller), tools));
    }

    /// <summary>Runs a read for a caller and maps its rows.</summary>
    public async Task<List<T>> QueryAsync<T>(ServerCallContext context, string sql, Func<NpgsqlDataReader, T> map, params object?[] values)
    {
        var batch = new ReadBatch();
        var rows = batch.Add(sql, map, values);
        await ReadAsync(context, batch);
        return rows;
    }

    /// <summary>Runs a read that nobody called for, for the service itself.</summary>
    public async Task<List<T>> QueryAsync<T>(CancellationToken cancellation, string sql, Func<NpgsqlDataReader, T> map, params object?[] values)
    {
        var batch = new ReadBatch();
        var rows = batch.Add(sql, map, values);
        await ReadAsync(Self, batch, cancellation);
        return rows;
    }

    /// <summary>Runs a read of at most one row, by a key: it travels with other callers' reads.</summary>
    public async Task<T?> QuerySingleAsync<T>(ServerCallContext context, string sql, Func<NpgsqlDataReader, T> map, params object?[] values)
        where T : class
    {
        var batch = new ReadBatch { IsSmall = true };
        var rows = batch.Add(sql, map, values);
        await ReadAsync(context, batch);
        return rows.SingleOrDefault();
    }

    /// <summary>
    /// Reads a page of a list whose rows may be large: it ends where more would not fit into a message, and so does what is read of the rows.
    /// </summary>
    /// <param name="context">The call.</param>
    /// <param name="page">What was asked for; the statement's limit is its <see cref="PageRequest.Fetch"/>.</param>
    /// <param name="key">What the next page's token is made of.</param>
    /// <param name="jsonCharacters">How much free JSON a row has, which is what may make it large.</param>
    /// <param name="sql">The list's statement.</param>
    /// <param name="map">Reads a row.</param>
    /// <param name="values">The statement's values.</param>
    public async Task<(IReadOnlyList<T> Rows, string NextToken)> QueryPageAsync<T>(
        ServerCallContext context, PageRequest page, Func<T, string> key, Func<T, int> jsonCharacters, string sql, Func<NpgsqlDataReader, T> map, params object?[] values)
    {
        var batch = new ReadBatch();
        var rows = batch.AddUpTo(PageRequest.MaximumJsonCharacters, jsonCharacters, sql, map, values);
        await ReadAsync(context, batch);
        return page.Cut(rows, key, isWhole: rows.Sum(jsonCharacters) <= PageRequest.MaximumJsonCharacters);
    }

    /// <summary>Runs several reads for a caller in one round trip.</summary>
    public Task ReadAsync(ServerCallContext context, ReadBatch reads) => ReadAsync(context.Caller(), reads, context.CancellationToken);

    private async Task ReadAsync(Caller caller, ReadBatch reads, CancellationToken cancellation)
    {
        try
        {
            if (reads.IsSmall && await IsReadWithOthersAsync(caller, reads, cancellation))
                return;
        }
        // The server was restarted, and with it ended every connection of the pool. A read can simply be run again.
        catch (NpgsqlException e) when (IsConnectionLost(e))
        {
            Forget(e);
        }
        reads.Clear();
        try
        {
            await ReadAloneAsync(caller, reads, cancellation);
        }
        catch (NpgsqlException e) when (IsConnectionLost(e))
        {
            Forget(e);
            reads.Clear();
            await ReadAloneAsync(caller, reads, cancellation);
        }
    }

    // The principal of what nobody has called for.
    private Caller Self { get; } = new() { Subject = $"service/{tools.Service.Name}", Roles = [Role.Service] };

    /// <summary>The answer that is stored for a call; null when there is none. IDEMPOTENCY_KEY_REUSED when it belongs to another request.</summary>
    public async Task<byte[]?> FindAnswerAsync(ServerCallContext context, IdempotentCall call)
    {
        var batch = new ReadBatch { IsSmall = true };
        var found = batch.Add(IdempotencySql.Find, IdempotencySql.Read, call.Caller, call.Method, call.Key, CutoffOf(call));
        await ReadAsync(context, batch);
        if (found is not [var (fingerprint, answer)])
            return null;
        call.CheckSame(fingerprint);
        return answer;
    }

    /// <summary>Answers that are older than this no longer count.</summary>
    internal DateTimeOffset IdempotencyCutoff => Now - tools.Idempotency.Retention;

    /// <summary>The same of the answers to this call, which may say so itself.</summary>
    internal DateTimeOffset CutoffOf(IdempotentCall call) => call.Since > IdempotencyCutoff ? call.Since.Value : IdempotencyCutoff;

    /// <summary>Forgets the connections of a server that has gone, so that no other call meets one of them.</summary>
    internal void Forget(NpgsqlException exception)
    {
        if (!IsConnectionLost(exception))
            return;
        source.Clear();
        tools.Tags.Clear();
    }

    // False when it must be tried alone. Who gives up does not wait for the group.
    private async Task<bool> IsReadWithOthersAsync(Caller caller, ReadBatch reads, CancellationToken cancellation)
    {
        using var span = Telemetry.Source.StartActivity("read", ActivityKind.Client);
        var member = new ReadMember(TagOf(caller), reads, cancellation);
        var isRead = await tools.Reads.ReadAsync(caller.Tier, member).WaitAsync(cancellation);
        span?.SetTag("db.system.name", "postgresql").SetTag("agentplatform.group_size", member.GroupSize).SetTag("agentplatform.round_trips", 1);
        return isRead;
    }

    private async Task ReadAloneAsync(Caller caller, ReadBatch reads, CancellationToken cancellation)
    {
        await using var rented = await tools.Pool.RentAsync(caller.Tier, cancellation);
        await ReadBatch.RunAsync(rented.Connection, tools.Tags, TagOf(caller), MergedRead.Of(reads.Queries), cancellation);
    }

    private string TagOf(Caller caller) =>
        ConnectionTags.Cut(caller.IsAgent ? $"{tools.Service.Name}/agent/{caller.AgentId}" : $"{tools.Service.Name}/{TieredPool.NameOf(caller.Tier)}");

    /// <summary>Whether the connection is gone, as after a restart of the server; another one may work.</summary>
    public static bool IsConnectionLost(NpgsqlException exception) =>
        exception is PostgresException { SqlState: PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown }
        || exception is not PostgresException && exception.InnerException is IOException;
}
