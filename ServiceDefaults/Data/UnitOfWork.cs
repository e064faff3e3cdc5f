using System.Diagnostics;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// One change of state: its effect, its audit entries and its idempotent answer commit together or not at all. Statements
/// that need no answer travel with the next one that does, so a usual change takes two round trips, three with a key.
/// Disposed without <see cref="CommitAsync"/>, it leaves no trace.
/// </summary>
public sealed class UnitOfWork : IAsyncDisposable
{
    private const string TagConnection = "SELECT set_config('application_name', $1, true)";
    private const string InsertOutbox = "INSERT INTO outbox (id, entry, created_at) SELECT i, e, $3 FROM unnest($1::uuid[], $2::bytea[]) AS t (i, e)";

    // A row that has outlived its time but was not swept yet gives way; a live one cannot be there, the key being ours.
    private const string InsertAnswer = """
        INSERT INTO idempotency AS old (caller, method, key, fingerprint, answer, created_at) VALUES ($1, $2, $3, $4, $5, $6)
        ON CONFLICT ON CONSTRAINT idempotency_pkey DO UPDATE
           SET fingerprint = excluded.fingerprint, answer = excluded.answer, created_at = excluded.created_at
         WHERE old.created_at <= $7
        """;

    private readonly NpgsqlConnection _connection;
    private readonly Database _database;
    private readonly ServerCallContext _context;
    private readonly string _service;
    private readonly OutboxSignal _signal;
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly List<(string Sql, object?[] Values)> _pending = [];
    private readonly List<AuditEntry> _entries = [];
    private int _pendingResults;

    internal UnitOfWork(NpgsqlConnection connection, Database database, ServerCallContext context, string service, OutboxSignal signal)
    {
        (_connection, _database, _context, _service, _signal) = (connection, database, context, service, signal);
        Caller = context.Caller();
    }

    /// <summary>Who is changing things.</summary>
    public Caller Caller { get; }

    internal IdempotentCall? Idempotency { get; init; }

    /// <summary>What <c>pg_stat_activity</c> shows while the work goes on: service/tier/agent, at most 63 bytes.</summary>
    internal string ConnectionTag
    {
        get
        {
            var tag = Caller.IsAgent ? $"{_service}/agent/{Caller.AgentId}" : $"{_service}/ui";
            return tag.Length <= 63 ? tag : tag[..63];
        }
    }

    /// <summary>Sends a statement with the next one that has an answer, or with the commit.</summary>
    public void Execute(string sql, params object?[] values) => _pending.Add((sql, values));

    /// <summary>Runs a statement that returns rows, and maps them.</summary>
    public async Task<List<T>> QueryAsync<T>(string sql, Func<NpgsqlDataReader, T> map, params object?[] values)
    {
        await using var batch = TakePending();
        batch.Add(sql, values);
        await using var reader = await batch.ExecuteReaderAsync(_context.CancellationToken);
        for (; _pendingResults > 0; _pendingResults--)
            await reader.NextResultAsync(_context.CancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(_context.CancellationToken))
            rows.Add(map(reader));
        return rows;
    }

    /// <summary>Runs a statement that returns at most one row.</summary>
    public async Task<T?> QuerySingleAsync<T>(string sql, Func<NpgsqlDataReader, T> map, params object?[] values) where T : class =>
        (await QueryAsync(sql, map, values)).SingleOrDefault();

    /// <summary>
    /// Notes what is being done for the audit log: <paramref name="operation"/> noun first ("costing.decide"),
    /// <paramref name="resource"/> as kind and id ("costing/0197…").
    /// </summary>
    public void Audit(string operation, string resource, (string Name, string Value)[]? details = null,
        string authorizedBy = "", Outcome outcome = Outcome.Ok, string errorMessage = "")
    {
        _entries.Add(AuditEntries.Make(_database.Now, Caller, _service, operation, resource, details ?? [], authorizedBy, outcome, errorMessage,
            CorrelationId.Of(_context)));
    }

    /// <summary>Commits everything in one round trip and gives the answer back.</summary>
    public async Task<TResponse> CommitAsync<TResponse>(TResponse response) where TResponse : IMessage
    {
        await using (var batch = TakePending())
        {
            AddOutbox(batch);
            AddAnswer(batch, response);
            batch.Add("COMMIT");
            // Not cancellable: once sent, a commit is not taken back by a caller who stops waiting.
            await batch.ExecuteNonQueryAsync(CancellationToken.None);
        }
        if (_entries.Count > 0)
            _signal.Set();
        return response;
    }

    /// <summary>Commits where there is no answer to keep: before a stream's first message.</summary>
    public Task CommitAsync() => CommitAsync(new Empty());

    /// <summary>Gives the connection back; whatever was not committed is rolled back by that.</summary>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();

    internal void Tag()
    {
        Execute("BEGIN");
        Execute(TagConnection, ConnectionTag);
        _pendingResults = 1;
    }

    internal NpgsqlBatch NewBatch() => _connection.CreateBatch();

    internal async Task RollbackAsync()
    {
        await using var batch = NewBatch();
        batch.Add("ROLLBACK");
        await batch.ExecuteNonQueryAsync(_context.CancellationToken);
    }

    private NpgsqlBatch TakePending()
    {
        var batch = NewBatch();
        foreach (var (sql, values) in _pending)
            batch.Add(sql, values);
        _pending.Clear();
        return batch;
    }

    private void AddOutbox(NpgsqlBatch batch)
    {
        if (_entries.Count == 0)
            return;
        var elapsedMs = Stopwatch.GetElapsedTime(_startedAt).TotalMilliseconds;
        foreach (var entry in _entries)
            entry.ExecutionTimeMs = elapsedMs;
        batch.Add(InsertOutbox, _entries.Select(e => Guid.Parse(e.EventId)).ToArray(), _entries.Select(e => e.ToByteArray()).ToArray(), _database.Now);
    }

    private void AddAnswer(NpgsqlBatch batch, IMessage response)
    {
        if (Idempotency is { } call)
            batch.Add(InsertAnswer, call.Caller, call.Method, call.Key, call.Fingerprint, response.ToByteArray(), _database.Now, _database.IdempotencyCutoff);
    }
}
