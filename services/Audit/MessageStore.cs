using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Audit;

/// <summary>All SQL of the message audit.</summary>
public sealed class MessageStore(Database database)
{
    private const string Columns = """
        id, session_id, sequence, recorded_at, agent_id, request_id, role, text, tools_called, sources_used, escalation_ticket, redactions
        """;

    // Messages of one session wait for each other, so that their numbers have no gap and become visible in their order.
    private const string Lock = "SELECT pg_advisory_xact_lock(hashtextextended('audit.message_audit/' || $1, 0))";

    private const string Add = $"""
        INSERT INTO audit.message_audit ({Columns})
        SELECT $1, $2, coalesce(max(sequence), 0) + 1, $3, $4, $5, $6, $7, $8, $9, $10, $11::jsonb FROM audit.message_audit WHERE session_id = $2
        RETURNING sequence
        """;

    private const string List = $"""
        SELECT {Columns} FROM audit.message_audit
         WHERE session_id = $1 AND sequence > $2 AND ($3 = '' OR agent_id = $3)
         ORDER BY session_id, sequence
         LIMIT $4
        """;

    /// <summary>Adds a message at the end of its session; gives it back with its place.</summary>
    public async Task<MessageRecord> AddAsync(UnitOfWork work, MessageRecord message)
    {
        await work.QueryAsync(Lock, _ => true, message.SessionId);
        var sequence = await work.QueryAsync(Add, row => row.GetInt64(0), message.Id, message.SessionId, message.RecordedAt, message.AgentId, message.RequestId,
            message.Role, message.Text, message.ToolsCalled.ToArray(), message.SourcesUsed.ToArray(), message.EscalationTicket, message.Redactions);
        return message with { Sequence = sequence.Single() };
    }

    /// <summary>A session's messages in their order, of this agent if one is given.</summary>
    public Task<List<MessageRecord>> ListAsync(PageRequest page, string sessionId, string agentId, ServerCallContext context) =>
        database.QueryAsync(context, List, Read, sessionId, page.AfterNumber ?? 0, agentId, page.Fetch);

    private static MessageRecord Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), row.GetInt64(2), row.GetFieldValue<DateTimeOffset>(3), row.GetString(4), row.GetString(5), row.GetString(6),
        row.GetString(7), row.GetFieldValue<string[]>(8), row.GetFieldValue<string[]>(9), row.GetString(10), row.GetString(11));
}
