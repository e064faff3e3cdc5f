using System.Globalization;
using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>What happens to agents: written with what happens, and followed in its order.</summary>
public sealed class AgentEvents(Database database, Wakeups wakeups, StreamGate gate)
{
    /// <summary>What any event wakes.</summary>
    public const string Topic = "fleet";

    private const int PieceEvents = 500;

    private const string Insert = "INSERT INTO registry.agent_events (agent_id, kind, epoch, detail, occurred_at) VALUES ($1, $2, $3, $4, $5)";

    private const string FindEnd = "SELECT coalesce(max(tx), 0) FROM registry.agent_events WHERE tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint";

    // What a transaction that is still open may yet add comes after: the order is that of transactions, and each shows only when all before it are done.
    private const string FindAfter = """
        SELECT tx, id, agent_id, kind, epoch, detail, occurred_at FROM registry.agent_events
         WHERE (tx, id) > ($1, $2) AND tx < pg_snapshot_xmin(pg_current_snapshot())::text::bigint AND ($3 = '' OR agent_id = $3)
         ORDER BY tx, id LIMIT $4
        """;

    /// <summary>Notes an event with the work that makes it.</summary>
    public void Add(UnitOfWork work, string agentId, AgentEventKind kind, long epoch, string detail = "")
    {
        work.Execute(Insert, agentId, EnumText.Of(kind), epoch, detail, database.Now);
        work.Wake(Topic);
        work.Wake(AgentViews.Topics + agentId);
    }

    /// <summary>Streams events until the caller leaves or the process stops.</summary>
    public Task WatchAsync(WatchAgentsRequest request, IServerStreamWriter<WatchAgentsResponse> output, ServerCallContext context)
    {
        var checks = new FieldChecks();
        if (request.AgentId.Length > 0)
            checks.DottedName("agent_id", request.AgentId);
        checks.ThrowIfAny();
        (long Tx, long Id)? cursor = request.Cursor.Length == 0 ? null : ReadCursor(request.Cursor);
        return gate.RunAsync(context, stop => FollowAsync(cursor, request.AgentId, output, context, stop));
    }

    private async Task FollowAsync((long Tx, long Id)? from, string agentId, IServerStreamWriter<WatchAgentsResponse> output, ServerCallContext context, CancellationToken stop)
    {
        using var wakeup = wakeups.Listen(Topic);
        if (from is null)
        {
            from = ((await database.QueryAsync(context, FindEnd, row => row.GetInt64(0)))[0], long.MaxValue);
            await output.WriteAsync(new WatchAgentsResponse { Cursor = CursorOf(from.Value) }, stop);
        }
        var cursor = from.Value;
        while (true)
        {
            var rows = await database.QueryAsync(context, FindAfter, row => (Tx: row.GetInt64(0), Id: row.GetInt64(1), Event: new AgentEvent
            {
                AgentId = row.GetString(2),
                Kind = EnumText.Parse<AgentEventKind>(row.GetString(3)),
                Epoch = row.GetInt64(4),
                Detail = row.GetString(5),
                OccurTime = row.GetFieldValue<DateTimeOffset>(6).ToTimestamp(),
            }), cursor.Tx, cursor.Id, agentId, PieceEvents);
            if (rows.Count > 0)
            {
                cursor = (rows[^1].Tx, rows[^1].Id);
                await output.WriteAsync(new WatchAgentsResponse { Events = { rows.Select(r => r.Event) }, Cursor = CursorOf(cursor) }, stop);
            }
            if (rows.Count < PieceEvents)
                await wakeup.WaitAsync(stop);
        }
    }

    private static string CursorOf((long Tx, long Id) cursor) => string.Create(CultureInfo.InvariantCulture, $"{cursor.Tx}-{cursor.Id}");

    private static (long Tx, long Id) ReadCursor(string text) =>
        text.Split('-') is [var tx, var id] && long.TryParse(tx, NumberStyles.None, CultureInfo.InvariantCulture, out var transaction)
        && long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? (transaction, number)
            : throw Errors.InvalidArgument("cursor", "is not a cursor that this stream gave");
}
