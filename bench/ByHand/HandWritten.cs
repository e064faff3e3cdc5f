using System.Security.Cryptography;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Npgsql;

namespace AgentPlatform.Bench.ByHand;

/// <summary>
/// What a program without a platform would do: the same rows, into tables of the same shape, in one pipelined transaction over prepared
/// statements. It checks nothing, and nobody relays its outbox.
/// </summary>
public sealed class HandWritten : IAsyncDisposable
{
    /// <summary>Who all of it is done for.</summary>
    public const string Caller = "user:bench";

    private const int StatementsKept = 32;

    private const string CreateTables = """
        CREATE SCHEMA by_hand;
        CREATE TABLE by_hand.sessions (LIKE session.sessions INCLUDING ALL) WITH (fillfactor = 70);
        CREATE TABLE by_hand.events (LIKE session.events INCLUDING ALL);
        CREATE TABLE by_hand.contexts (LIKE session.contexts INCLUDING ALL) WITH (fillfactor = 70);
        CREATE TABLE by_hand.outbox (LIKE session.outbox INCLUDING ALL);
        CREATE TABLE by_hand.idempotency (LIKE session.idempotency INCLUDING ALL);
        """;

    private const string CopySessions = """
        INSERT INTO by_hand.sessions SELECT * FROM session.sessions;
        INSERT INTO by_hand.contexts SELECT * FROM session.contexts;
        -- What the server would do by itself within some minutes; until then it plans each read anew.
        ANALYZE;
        """;

    private const string InsertOutbox = "INSERT INTO by_hand.outbox (id, entry, created_at) VALUES ($1, $2, $3)";

    private readonly NpgsqlDataSource _source;
    private readonly TimeProvider _clock;

    public HandWritten(string connectionString, int connections, TimeProvider clock)
    {
        var source = new NpgsqlDataSourceBuilder(connectionString);
        (source.ConnectionStringBuilder.MaxPoolSize, source.ConnectionStringBuilder.MaxAutoPrepare) = (connections, StatementsKept);
        source.ConnectionStringBuilder.NoResetOnClose = true;
        (_source, _clock) = (source.Build(), clock);
    }

    public DateTimeOffset Now => _clock.GetUtcNow();

    /// <summary>Makes the tables; once in a database.</summary>
    public static Task PrepareAsync(string connectionString) => ExecuteAsync(connectionString, CreateTables);

    /// <summary>Takes over the sessions and contexts that the service has, without their events.</summary>
    public static Task CopySessionsAsync(string connectionString) => ExecuteAsync(connectionString, CopySessions);

    /// <summary>The call as it is remembered for a repeat: caller, method, key, SHA-256 of the request.</summary>
    public static object[] CallOf(string method, string key, IMessage request) => [Caller, method, key, SHA256.HashData(request.ToByteArray())];

    /// <summary>Runs statements and their audit entry in one round trip, which is one transaction; each gives one row at most, read in passing.</summary>
    public async Task WriteAsync(string operation, Guid session, params IReadOnlyList<(string Sql, object[] Values)> statements)
    {
        var entry = EntryOf(operation, session);
        await ReadAsync([.. statements, (InsertOutbox, [Guid.Parse(entry.EventId), entry.ToByteArray(), Now])]);
    }

    /// <summary>Runs statements in one round trip and reads all of their rows.</summary>
    public Task ReadAsync(IReadOnlyList<(string Sql, object[] Values)> statements) => ReadAsync(statements, (_, row) => row.GetValues(new object[row.FieldCount]));

    /// <summary>Runs statements in one round trip, and gives each row to whoever makes something of it, with its statement's number.</summary>
    public async Task ReadAsync(IReadOnlyList<(string Sql, object[] Values)> statements, Action<int, NpgsqlDataReader> take)
    {
        await using var connection = await _source.OpenConnectionAsync();
        // A batch is a transaction of its own.
        await using var batch = new NpgsqlBatch(connection);
        foreach (var (sql, values) in statements)
        {
            var command = new NpgsqlBatchCommand(sql);
            foreach (var value in values)
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            batch.BatchCommands.Add(command);
        }
        await using var reader = await batch.ExecuteReaderAsync();
        var number = 0;
        do
        {
            while (await reader.ReadAsync())
                take(number, reader);
            number++;
        } while (await reader.NextResultAsync());
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private AuditEntry EntryOf(string operation, Guid session) => new()
    {
        EventId = Guid.CreateVersion7(Now).ToString(),
        OccurTime = Now.ToTimestamp(),
        Principal = Caller,
        Roles = { "operator" },
        Service = "session",
        Operation = operation,
        Resource = $"session/{session}",
        Outcome = Outcome.Ok,
        CorrelationId = Guid.CreateVersion7(Now).ToString(),
        TraceId = Guid.CreateVersion7(Now).ToString("N"),
    };

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
