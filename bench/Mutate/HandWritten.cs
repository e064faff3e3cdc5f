using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Npgsql;

namespace AgentPlatform.Bench.Mutate;

/// <summary>
/// What a program without a platform would do to create a session: the same rows, into tables of the same shape, in one
/// pipelined transaction over prepared statements. It checks nothing, and nobody relays its outbox.
/// </summary>
public sealed class HandWritten : IAsyncDisposable
{
    private const string CreateTables = """
        CREATE SCHEMA by_hand;
        CREATE TABLE by_hand.sessions (LIKE session.sessions INCLUDING ALL);
        CREATE TABLE by_hand.outbox (LIKE session.outbox INCLUDING ALL);
        CREATE TABLE by_hand.idempotency (LIKE session.idempotency INCLUDING ALL);
        """;

    private const string InsertSession = """
        INSERT INTO by_hand.sessions (id, role, task, agent_id, subject_type, subject_id, profile, status, metadata, trace_id, legal_hold, ttl_seconds,
            expires_at, last_sequence, version, created_at, updated_at)
        VALUES ($1, $2, $3, $4, '', '', '', 'pending', $5::jsonb, '', false, 604800, $6 + interval '604800 seconds', 0, 1, $6, $6)
        """;

    private const string InsertOutbox = "INSERT INTO by_hand.outbox (id, entry, created_at) VALUES ($1, $2, $3)";

    private const string InsertAnswer =
        "INSERT INTO by_hand.idempotency (caller, method, key, fingerprint, answer, created_at) VALUES ($1, $2, $3, $4, $5, $6)";

    private readonly NpgsqlDataSource _source;
    private readonly TimeProvider _clock;

    public HandWritten(string connectionString, int connections, TimeProvider clock)
    {
        var source = new NpgsqlDataSourceBuilder(connectionString);
        (source.ConnectionStringBuilder.MaxPoolSize, source.ConnectionStringBuilder.MaxAutoPrepare) = (connections, 16);
        source.ConnectionStringBuilder.NoResetOnClose = true;
        (_source, _clock) = (source.Build(), clock);
    }

    /// <summary>Makes the tables; once in a database.</summary>
    public static async Task PrepareAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(CreateTables, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Creates a session; with a key, stores the answer beside it.</summary>
    public async Task CreateAsync(CreateSessionRequest request, string metadata, string? key)
    {
        var now = _clock.GetUtcNow();
        var id = Guid.CreateVersion7(now);
        var entry = new AuditEntry
        {
            EventId = Guid.CreateVersion7(now).ToString(),
            OccurTime = now.ToTimestamp(),
            Principal = "user:bench",
            Roles = { "operator" },
            Service = "session",
            Operation = "session.create",
            Resource = $"session/{id}",
            Outcome = Outcome.Ok,
            CorrelationId = Guid.CreateVersion7(now).ToString(),
            TraceId = Guid.CreateVersion7(now).ToString("N"),
        };

        await using var connection = await _source.OpenConnectionAsync();
        await using var batch = new NpgsqlBatch(connection);
        Add(batch, InsertSession, id, request.Role, request.Task, request.AgentId, metadata, now);
        Add(batch, InsertOutbox, Guid.Parse(entry.EventId), entry.ToByteArray(), now);
        if (key is not null)
        {
            var answer = new CreateSessionResponse
            {
                Session = new Session
                {
                    Id = id.ToString(),
                    Role = request.Role,
                    Task = request.Task,
                    Status = SessionStatus.Pending,
                    Metadata = request.Metadata,
                    Version = 1,
                    CreateTime = now.ToTimestamp(),
                    UpdateTime = now.ToTimestamp(),
                },
            };
            Add(batch, InsertAnswer, "user:bench", "/agentplatform.session.v1.SessionService/CreateSession", key,
                System.Security.Cryptography.SHA256.HashData(request.ToByteArray()), answer.ToByteArray(), now);
        }
        // A batch is a transaction of its own.
        await batch.ExecuteNonQueryAsync();
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private static void Add(NpgsqlBatch batch, string sql, params ReadOnlySpan<object> values)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        batch.BatchCommands.Add(command);
    }
}
