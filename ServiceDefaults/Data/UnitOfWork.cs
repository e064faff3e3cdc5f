using System.Diagnostics;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// One change of state: its effect, its audit entries and its idempotent answer commit together or not at all. Nothing is sent
/// before it must be: statements that need no answer travel with the next one that does, or with the commit, and the
/// transaction's beginning with the first. So a change that asks the database nothing takes one round trip, another one more for
/// each thing that it asks, with an idempotency key or without. Disposed without <see cref="CommitAsync{TResponse}"/>, it leaves
/// no trace. Units that only add rows, and those of <see cref="ChangeAsync"/>, are committed together with others': <see cref="GroupCommit"/>.
/// </summary>
public sealed partial class UnitOfWork : IAsyncDisposable
{
    private static readonly TimeSpan RetryInFlightEvery = TimeSpan.FromMilliseconds(50);

    private readonly UnitOfWorkScope _scope;
    private readonly IdempotentCall? _call;
    private readonly long _startedAt = Stopwatch.GetTimestamp();

    // The caller's: what a group runs for him is of no caller's trace.
    private readonly ActivityTraceId? _traceId = Activity.Current?.TraceId;
    private readonly List<Statement> _pending = [];
    private readonly List<AuditEntry> _entries = [];
    private readonly List<string> _topics = [];
    private readonly List<Action> _afterwards = [];
    private readonly List<Action> _atTheEnd = [];
    private RentedConnection? _rented;
    private bool _begun;
    private bool _sendsTag;
    private bool _isSent;
    private bool _hasLeftGroup;
    private int _roundTrips;

    internal UnitOfWork(UnitOfWorkScope scope) => (_scope, _call) = (scope, scope.Call);

    /// <summary>Who is changing things.</summary>
    public Caller Caller => _scope.Caller;

    private CancellationToken Cancellation => _scope.Cancellation;

    /// <summary>Sends a statement with the next one that has an answer, or with the commit. The rows of a SELECT, which locks them, are not looked at.</summary>
    public void Execute(string sql, params object?[] values) => _pending.Add(new Statement(sql, values, IsOfColumns: false));

    /// <summary>
    /// As <see cref="Execute"/>, a statement that takes its rows from arrays, <c>unnest($1::uuid[], …)</c>, and does the same for each: those of several units that are
    /// committed together become one. All its values are arrays, of the same types in each unit; it must not depend on how many rows there are.
    /// </summary>
    public void ExecuteRows(string sql, params Array[] columns) => _pending.Add(new Statement(sql, columns, IsOfColumns: true));

    /// <summary>
    /// The same of a statement that returns rows, each beginning with its subject, which is the first of the columns. They are read before the commit, perhaps twice: what
    /// follows from them is for <see cref="AfterCommit"/>.
    /// </summary>
    public void ExecuteRows(string sql, Action<NpgsqlDataReader> returned, params Array[] columns) =>
        _pending.Add(new Statement(sql, columns, IsOfColumns: true) { Returned = returned });

    /// <summary>Runs a statement that returns rows, and maps them.</summary>
    public async Task<List<T>> QueryAsync<T>(string sql, Func<NpgsqlDataReader, T> map, params object?[] values)
    {
        try
        {
            var rows = _begun ? await RunAsync(sql, map, values) : await RunFirstAsync(sql, map, values);
            _begun = true;
            _pending.Clear();
            return rows;
        }
        catch (NpgsqlException e)
        {
            _scope.Database.Forget(e);
            throw;
        }
    }

    /// <summary>Runs a statement that returns at most one row.</summary>
    public async Task<T?> QuerySingleAsync<T>(string sql, Func<NpgsqlDataReader, T> map, params object?[] values) where T : class =>
        (await QueryAsync(sql, map, values)).SingleOrDefault();

    /// <summary>
    /// Notes what is being done for the audit log: <paramref name="operation"/> noun first ("costing.decide"),
    /// <paramref name="resource"/> as kind and id ("costing/0197…").
    /// </summary>
    public void Audit(string operation, string resource, (string Name, string Value)[]? details = null,
        string authorizedBy = "", Outcome outcome = Outcome.Ok, string errorMessage = "") =>
        _entries.Add(AuditEntries.Make(_scope.Database.Now, Caller, _scope.Tools.Service.Name, operation, resource, details ?? [], authorizedBy, outcome,
            errorMessage, _scope.CorrelationId, _scope.SourceAddress, _traceId?.ToHexString() ?? ""));

    /// <summary>Notes for the audit log that something was refused.</summary>
    public void AuditRefusal(string operation, string resource, PlatformException refusal) =>
        Audit(operation, resource, [("reason", refusal.Reason)], outcome: Outcome.Denied, errorMessage: refusal.Message);

    /// <summary>Wakes whoever waits for this topic, on every instance, once the change is committed.</summary>
    public void Wake(string topic) => _topics.Add(topic);

    /// <summary>Does this once the change is committed, before anybody is told of it; it may wake. Should the process end in between, it is never done.</summary>
    public void AfterCommit(Action then) => _afterwards.Add(then);

    /// <summary>Does this when the work is disposed of, committed or not.</summary>
    public void AtTheEnd(Action then) => _atTheEnd.Add(then);

    /// <summary>Commits everything in one round trip and gives the answer back.</summary>
    public async Task<TResponse> CommitAsync<TResponse>(TResponse response) where TResponse : IMessage
    {
        var answer = _call is null ? [] : response.ToByteArray();
        try
        {
            // Within a transaction a failure would be its end, and one look more at the key is little beside what it has done.
            if (_begun || !await TryCommitAsync(answer))
                await SendCommitAsync(answer, IdempotencySql.InsertOverExpired);
        }
        catch (PostgresException e) when (_call is not null && IdempotencySql.IsAnswered(e))
        {
            // Without a row it has come of age in this very moment; the next try finds the key free.
            throw await FindAnswerAsync(_call) ?? InFlight();
        }
        catch (NpgsqlException e) when (_isSent && IsBroken(e))
        {
            _scope.Database.Forget(e);
            throw OutcomeUnknown(e);
        }
        Committed();
        return response;
    }

    private void Committed()
    {
        if (_sendsTag)
            _scope.Tools.Tags.Remember(_rented!.Connection, _scope.ConnectionTag);
        if (_entries.Count > 0)
            _scope.Tools.Signal.Set();
        _afterwards.ForEach(then => then());
        foreach (var topic in _topics)
            _scope.Tools.Wakeups.Signal(topic);
        _scope.Tools.Metrics.Committed(_roundTrips);
    }

    /// <summary>Commits where there is no answer to keep: before a stream's first message, or where nobody has called.</summary>
    public Task CommitAsync() => CommitAsync(new Empty());

    /// <summary>Gives the connection back; whatever was not committed is rolled back by that.</summary>
    public ValueTask DisposeAsync()
    {
        _atTheEnd.ForEach(then => then());
        _atTheEnd.Clear();
        return _rented?.DisposeAsync() ?? ValueTask.CompletedTask;
    }

    private async Task<List<T>> RunAsync<T>(string sql, Func<NpgsqlDataReader, T> map, object?[] values)
    {
        await using var batch = await NewBatchAsync();
        AddPending(batch);
        batch.Add(sql, values);
        await using var reader = await ExecuteAsync(batch);
        await reader.PassAsync(_pending);
        return await ReadAsync(reader, map);
    }

    // The claim of the key and the look for its answer travel ahead of the statement in one batch. When the key turns out to be
    // another call's, what the statement did is rolled back unseen.
    private async Task<List<T>> RunFirstAsync<T>(string sql, Func<NpgsqlDataReader, T> map, object?[] values)
    {
        var giveUpAt = _scope.Tools.Clock.GetUtcNow() + _scope.Tools.Idempotency.InFlightWait;
        while (true)
        {
            await using (var batch = await NewBatchAsync())
            {
                AddBeginning(batch);
                AddPending(batch);
                batch.Add(sql, values);
                await using var reader = await ExecuteAsync(batch);
                if (_sendsTag)
                    await reader.NextResultAsync(Cancellation);
                if (_call is null || await IsClaimedAsync(reader, _call))
                {
                    await reader.PassAsync(_pending);
                    return await ReadAsync(reader, map);
                }
                await DrainAsync(reader);
            }
            if (_scope.Tools.Clock.GetUtcNow() >= giveUpAt)
                throw InFlight();
            await RollbackAsync();
            await Task.Delay(RetryInFlightEvery, _scope.Tools.Clock, Cancellation);
        }
    }

    // The reader stands at the claim, and in the end at the statement's own result. Throws the stored answer when there is one.
    private async Task<bool> IsClaimedAsync(NpgsqlDataReader reader, IdempotentCall call)
    {
        await reader.ReadAsync(Cancellation);
        var claimed = reader.GetBoolean(0);
        await reader.NextResultAsync(Cancellation);
        if (!await reader.ReadAsync(Cancellation))
        {
            await reader.NextResultAsync(Cancellation);
            return claimed;
        }
        var replay = Replay(reader, call);
        await DrainAsync(reader);
        throw replay;
    }

    private static StoredAnswerException Replay(NpgsqlDataReader reader, IdempotentCall call)
    {
        var (fingerprint, answer) = IdempotencySql.Read(reader);
        call.CheckSame(fingerprint);
        return new StoredAnswerException(answer);
    }

    // What came after may have met the other call's effects and failed; it is rolled back in any case.
    private async Task DrainAsync(NpgsqlDataReader reader)
    {
        try
        {
            while (await reader.NextResultAsync(Cancellation)) { }
        }
        catch (PostgresException) { }
    }

    // False when the key has an answer that has outlived its time. The batch is one transaction, so nothing of it has happened then.
    private async Task<bool> TryCommitAsync(byte[] answer)
    {
        try
        {
            if (!AddsOnly() || !await IsCommittedWithOthersAsync(new CommitMember(_scope.ConnectionTag, null, _ => WhatToWrite(answer), Cancellation)))
                await SendCommitAsync(answer, IdempotencySql.Insert);
            return true;
        }
        catch (PostgresException e) when (_call is not null && IdempotencySql.IsTaken(e))
        {
            return await FindAnswerAsync(_call) is { } answered ? throw answered : false;
        }
    }

    // Such a unit waits for no row that somebody else holds, and asks for no answer: it can share a transaction.
    private bool AddsOnly() => !_begun && _pending.TrueForAll(p => p.IsInsert);

    private Additions WhatToWrite(byte[] answer) =>
        new(_call is null ? null : new StoredAnswer(_call, answer, _scope.Database.Now), [.. _pending], [.. OutboxRows()]);

    // False when it must be tried alone.
    private async Task<bool> IsCommittedWithOthersAsync(CommitMember member)
    {
        using var span = Telemetry.Source.StartActivity("commit", ActivityKind.Client);
        try
        {
            var isCommitted = await _scope.Tools.Commits.CommitAsync(Caller.Tier, member);
            _hasLeftGroup = !isCommitted;
            return isCommitted;
        }
        catch (NpgsqlException e)
        {
            _scope.Database.Forget(e);
            throw member.GroupSize > 0 && IsBroken(e) ? OutcomeUnknown(e) : e;
        }
        finally
        {
            var roundTrips = member.Question is null ? 1 : 2;
            _roundTrips += roundTrips;
            span?.SetTag("db.system.name", "postgresql").SetTag("agentplatform.group_size", member.GroupSize)
                .SetTag("agentplatform.round_trips", roundTrips);
        }
    }

    private static bool IsBroken(NpgsqlException e) => Database.IsConnectionLost(e) || e.InnerException is TimeoutException;

    private async Task SendCommitAsync(byte[] answer, string insertAnswer)
    {
        await using var batch = await NewBatchAsync();
        // A batch that begins and ends the work is a transaction by itself, two statements shorter.
        if (!_begun)
            AddTag(batch);
        // First of all, so that a repeat fails on its key, and not on what the first call has changed.
        if (_call is { } call)
            AddAnswer(batch, insertAnswer, call, answer);
        AddPending(batch);
        foreach (var row in OutboxRows())
            batch.Add(OutboxSql.Insert, row.Id, row.Entry, row.CreatedAt);
        if (_begun)
            batch.Add("COMMIT");
        (_isSent, _roundTrips) = (true, _roundTrips + 1);
        // Not cancellable: once sent, a commit is not taken back by a caller who stops waiting.
        try
        {
            await using var reader = await batch.ExecuteReaderAsync(CancellationToken.None);
            if (!_begun && _sendsTag)
                await reader.NextResultAsync();
            await reader.PassAsync(_pending);
            // What comes last is the commit, and how it went.
            while (await reader.NextResultAsync()) { }
        }
        catch (PostgresException e) when (_hasLeftGroup && !IsBroken(e))
        {
            _scope.Tools.Commits.Refused(_scope.ConnectionTag);
            throw;
        }
    }

    private async Task<Exception?> FindAnswerAsync(IdempotentCall call)
    {
        await using var batch = await NewBatchAsync();
        if (_begun)
            batch.Add("ROLLBACK");
        AddFind(batch, call);
        await using var reader = await ExecuteAsync(batch);
        return await reader.ReadAsync(Cancellation) ? Replay(reader, call) : null;
    }

    private async Task RollbackAsync()
    {
        await using var batch = await NewBatchAsync();
        batch.Add("ROLLBACK");
        _roundTrips++;
        await batch.ExecuteNonQueryAsync(Cancellation);
    }

    // A connection is taken when there is something to ask or to send, and not before: the method may have much to do until then.
    private async ValueTask<NpgsqlBatch> NewBatchAsync() => (_rented ??= await _scope.Tools.Pool.RentAsync(Caller.Tier, Cancellation)).Connection.CreateBatch();

    private Task<NpgsqlDataReader> ExecuteAsync(NpgsqlBatch batch)
    {
        _roundTrips++;
        return batch.ExecuteReaderAsync(Cancellation);
    }

    // The tag has a result when it is sent, and a key has two: IsClaimedAsync reads them.
    private void AddBeginning(NpgsqlBatch batch)
    {
        batch.Add("BEGIN");
        AddTag(batch);
        if (_call is not { } call)
            return;
        batch.Add(IdempotencySql.Claim, call.Lock);
        AddFind(batch, call);
    }

    private void AddFind(NpgsqlBatch batch, IdempotentCall call) =>
        batch.Add(IdempotencySql.Find, call.Caller, call.Method, call.Key, _scope.Database.CutoffOf(call));

    private void AddTag(NpgsqlBatch batch) => _sendsTag = !_scope.Tools.Tags.AddTo(batch, _rented!.Connection, _scope.ConnectionTag);

    private void AddAnswer(NpgsqlBatch batch, string insert, IdempotentCall call, byte[] answer)
    {
        var now = _scope.Database.Now;
        if (insert == IdempotencySql.Insert)
            batch.Add(insert, call.Caller, call.Method, call.Key, call.Fingerprint, answer, now);
        else
            batch.Add(insert, call.Caller, call.Method, call.Key, call.Fingerprint, answer, now, _scope.Database.CutoffOf(call));
    }

    private void AddPending(NpgsqlBatch batch)
    {
        foreach (var statement in _pending)
            batch.Add(statement.Sql, statement.Values);
    }

    private IEnumerable<OutboxRow> OutboxRows()
    {
        var elapsedMs = Stopwatch.GetElapsedTime(_startedAt).TotalMilliseconds;
        foreach (var entry in _entries)
        {
            entry.ExecutionTimeMs = elapsedMs;
            yield return new OutboxRow(Guid.Parse(entry.EventId), entry.ToByteArray(), _scope.Database.Now);
        }
    }

    private Task<List<T>> ReadAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> map) => ReadAsync(reader, map, Cancellation);

    private static async Task<List<T>> ReadAsync<T>(NpgsqlDataReader reader, Func<NpgsqlDataReader, T> map, CancellationToken cancellation)
    {
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellation))
            rows.Add(map(reader));
        return rows;
    }

    // The commit was on its way when the connection broke. With a key the call can simply be sent again, which is what
    // UNAVAILABLE tells clients to do by themselves; without one that might do it twice, so a person or program must look first.
    private PlatformException OutcomeUnknown(NpgsqlException e) => _call is not null ? Errors.Unavailable("The database", e)
        : new PlatformException(Grpc.Core.StatusCode.Aborted, "OUTCOME_UNKNOWN",
            "The connection to the database broke at the commit; whether the call took effect is not known. Look, or send calls with an idempotency key.", e);

    private static PlatformException InFlight() =>
        new(Grpc.Core.StatusCode.Aborted, "IDEMPOTENCY_IN_FLIGHT", "A call with this idempotency key is still running; try again.")
        {
            RetryAfter = TimeSpan.FromSeconds(1),
        };
}
