using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Sessions;

/// <summary>All SQL of events.</summary>
public sealed class EventStore(Database database)
{
    private const string Columns = "sequence, type, source, message, payload, salience, created_at";

    // One statement: the session's row gives out the numbers and stays locked until the commit, so numbers appear in their order. The agent
    // is '' for people, who may add to any session.
    private const string Append = """
        WITH head AS (
            UPDATE session.sessions SET event_count = event_count + cardinality($3::text[])
             WHERE id = $1 AND ($2 = '' OR agent_id = $2) AND status IN ('pending', 'active')
            RETURNING event_count
        ), added AS (
            INSERT INTO session.events (session_id, sequence, type, source, message, payload, salience, created_at)
            SELECT $1, head.event_count - cardinality($3::text[]) + e.place, e.type, e.source, e.message, e.payload::jsonb, e.salience, $8
              FROM head, unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::float8[])
                   WITH ORDINALITY AS e (type, source, message, payload, salience, place)
        )
        SELECT event_count FROM head
        """;

    private const string List = $"""
        SELECT {Columns} FROM session.events
         WHERE session_id = $1 AND sequence > $2 AND ($3 = '' OR type = $3)
         ORDER BY sequence LIMIT $4
        """;

    private const string ListNewestFirst = $"""
        SELECT {Columns} FROM session.events
         WHERE session_id = $1 AND sequence < $2 AND ($3 = '' OR type = $3)
         ORDER BY sequence DESC LIMIT $4
        """;

    /// <summary>Adds the events and gives back the last one's sequence; null when there is no such session for this agent, or it has ended.</summary>
    public async Task<long?> AppendAsync(UnitOfWork work, Guid sessionId, string agentId, IReadOnlyList<EventRecord> events)
    {
        var counts = await work.QueryAsync(Append, row => row.GetInt64(0), sessionId, agentId,
            events.Select(e => e.Type).ToArray(), events.Select(e => e.Source).ToArray(), events.Select(e => e.Message).ToArray(),
            events.Select(e => e.Payload).ToArray(), events.Select(e => e.Salience).ToArray(), database.Now);
        return counts is [var count] ? count : null;
    }

    public Task<List<EventRecord>> ListAsync(ServerCallContext context, Guid sessionId, long? after, string type, bool newestFirst, int atMost) => newestFirst
        ? database.QueryAsync(context, ListNewestFirst, Read, sessionId, after ?? long.MaxValue, type, atMost)
        : database.QueryAsync(context, List, Read, sessionId, after ?? 0, type, atMost);

    private static EventRecord Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetDouble(5), row.GetFieldValue<DateTimeOffset>(6));
}
