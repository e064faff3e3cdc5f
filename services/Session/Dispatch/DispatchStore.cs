using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Sessions;

/// <summary>All SQL of the outbox of dispatched tasks.</summary>
public sealed class DispatchStore(Database database)
{
    /// <summary>What Registry listens to while it waits.</summary>
    public const string Topic = "dispatches";

    // Half of what a message may be, with the last one beyond it.
    private const int PageCharacters = 1_000_000;

    private const string Insert = "INSERT INTO session.dispatches (id, task_id, created_at) VALUES ($1, $2, $3)";

    private const string Oldest = """
        SELECT d.id, t.id, t.type, t.to_role, t.payload, t.priority, t.times_out_at, t.trace_id, t.ended_at IS NOT NULL
          FROM session.dispatches AS d JOIN session.tasks AS t ON t.id = d.task_id
         ORDER BY d.id LIMIT $1
        """;

    private const string Delete = "DELETE FROM session.dispatches WHERE id = ANY ($1)";

    /// <summary>Registry is to learn how this task stands. Only ever adds a row, so a task can be made together with others.</summary>
    public void Add(UnitOfWork work, Guid taskId)
    {
        work.Execute(Insert, Guid.CreateVersion7(database.Now), taskId, database.Now);
        work.Wake(Topic);
    }

    /// <summary>The oldest of them, as their tasks stand now.</summary>
    public async Task<IReadOnlyList<Dispatch>> OldestAsync(int limit, ServerCallContext context)
    {
        var reads = new ReadBatch();
        var rows = reads.AddUpTo(PageCharacters, row => row.Json.Length, Oldest, Read, limit);
        await database.ReadAsync(context, reads);
        return rows.ConvertAll(row =>
        {
            row.Dispatch.Payload = JsonStruct.Parse(row.Json);
            return row.Dispatch;
        });
    }

    public void Remove(UnitOfWork work, Guid[] ids) => work.Execute(Delete, ids);

    private static (Dispatch Dispatch, string Json) Read(NpgsqlDataReader row) => (new Dispatch
    {
        Id = row.GetGuid(0).ToString(),
        TaskId = row.GetGuid(1).ToString(),
        Type = row.GetString(2),
        ToRole = row.GetString(3),
        Priority = row.GetInt32(5),
        TimeoutTime = row.GetFieldValue<DateTimeOffset>(6).ToTimestamp(),
        TraceId = row.GetString(7),
        IsEnded = row.GetBoolean(8),
    }, row.GetString(4));
}
