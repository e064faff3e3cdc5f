using AgentPlatform.Contracts.Costing.V1;
using Google.Protobuf;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Costings;

/// <summary>
/// All SQL of reservations and usage. Each statement about money locks the budgets that it is about in the order of their ids, and changes all of them
/// or none; so two of them never wait for each other, and none goes by a figure that another is changing.
/// </summary>
public sealed class SpendStore(Database database)
{
    // Which they are is asked first, and then they are locked by their ids alone. Where a row has changed while its lock was waited for, Postgres looks once more whether
    // the row as it is now is still meant; through a join it may find, by some plans, that it is not, and the call would go by a budget less.
    private const string Mine = $"""
        mine AS MATERIALIZED (
            SELECT {BudgetSql.Columns} FROM costing.budgets AS b
             WHERE b.id = ANY (ARRAY(SELECT b.id FROM costing.budgets AS b WHERE {BudgetSql.Covers})) ORDER BY b.id FOR UPDATE)
        """;

    // Agents share a transaction, and each has budgets of its own: unless those of all are locked first, in the order of their ids, two transactions could wait for each
    // other. Reservations come before budgets, as in Lapse.
    private const string LockFirst = $"""
        SELECT FROM costing.budgets AS b
         WHERE b.id = ANY (ARRAY(
            SELECT unnest(budget_ids) FROM (SELECT budget_ids FROM costing.reservations WHERE id = ANY ($2) AND agent_id = ANY ($1) ORDER BY id FOR UPDATE) AS held
            UNION ALL SELECT b.id FROM costing.budgets AS b WHERE {BudgetSql.CoversAny}))
         ORDER BY b.id FOR UPDATE
        """;

    private const string OfVerdict = "b.id = ANY (ARRAY(SELECT unnest(ids) FROM verdict))";

    // The budgets after it, given what it adds; no row when it may not be.
    private const string Ids = "coalesce(array_agg(id), '{}') AS ids";

    private const string Reserve = $$"""
        WITH {{Mine}},
        verdict AS (
            SELECT {{Ids}},
                   coalesce(array_agg(id) FILTER (WHERE spent + reserved + $4 >= soft_limit), '{}') AS reached,
                   coalesce(array_agg(id) FILTER (WHERE spent + reserved < soft_limit AND spent + reserved + $4 >= soft_limit), '{}') AS crossed
              FROM mine
            HAVING coalesce(bool_and(currency = $5 AND spent + reserved + $4 <= hard_limit), true)),
        changed AS (
            UPDATE costing.budgets AS b SET reserved = b.reserved + $4, spent = {{BudgetSql.SpentNow}}, period_starts_on = {{BudgetSql.PeriodNow}} WHERE {{OfVerdict}})
        SELECT ids, reached, crossed FROM verdict
        """;

    private const string Spend = $$"""
        WITH {{Mine}},
        verdict AS (
            SELECT {{Ids}},
                   coalesce(array_agg(id) FILTER (WHERE spent + reserved + $4 >= soft_limit), '{}') AS reached,
                   coalesce(array_agg(id) FILTER (WHERE spent + reserved < soft_limit AND spent + reserved + $4 >= soft_limit), '{}') AS crossed
              FROM mine
            HAVING coalesce(bool_and(currency = $5), true)),
        changed AS (
            UPDATE costing.budgets AS b SET spent = {{BudgetSql.SpentNow}} + $4, period_starts_on = {{BudgetSql.PeriodNow}} WHERE {{OfVerdict}})
        SELECT ids, reached, crossed FROM verdict
        """;

    // What was set aside is freed where it was set aside, also on a budget that no longer covers the agent; what was spent is counted there, and on
    // every budget that has come to cover it since.
    private const string Settle = $$"""
        WITH held AS MATERIALIZED (
            SELECT id, session_id, CASE status WHEN 'open' THEN amount ELSE 0 END AS amount, budget_ids FROM costing.reservations
             WHERE id = $6 AND agent_id = $3 AND currency = $5 AND status IN ('open', 'lapsed') FOR UPDATE),
        ended AS (UPDATE costing.reservations AS r SET status = 'settled', ended_at = $7 FROM held WHERE r.id = held.id),
        mine AS MATERIALIZED (
            SELECT {{BudgetSql.Columns}} FROM costing.budgets AS b
             WHERE b.id = ANY (ARRAY(SELECT unnest(budget_ids) FROM held
                                     UNION SELECT b.id FROM costing.budgets AS b WHERE b.currency = $5 AND EXISTS (SELECT FROM held) AND {{BudgetSql.Covers}}))
             ORDER BY b.id FOR UPDATE),
        freed AS (SELECT m.*, CASE WHEN m.id = ANY (h.budget_ids) THEN h.amount ELSE 0 END AS freed FROM mine AS m, held AS h),
        changed AS (
            UPDATE costing.budgets AS b SET spent = {{BudgetSql.SpentNow}} + $4, reserved = b.reserved - f.freed, period_starts_on = {{BudgetSql.PeriodNow}}
              FROM freed AS f WHERE b.id = f.id)
        SELECT o.ids, o.reached, o.crossed, h.session_id, h.amount
          FROM held AS h, (
            SELECT {{Ids}},
                   coalesce(array_agg(id) FILTER (WHERE spent + $4 + reserved - freed >= soft_limit), '{}') AS reached,
                   coalesce(array_agg(id) FILTER (WHERE spent + reserved < soft_limit AND spent + $4 + reserved - freed >= soft_limit), '{}') AS crossed
              FROM freed) AS o
        """;

    private const string InsertReservation = """
        INSERT INTO costing.reservations (id, agent_id, session_id, currency, amount, budget_ids, status, expires_at)
        VALUES ($1, $2, $3::uuid, $4, $5, $6, 'open', $7)
        """;

    private const string InsertUsage = """
        INSERT INTO costing.usage (id, agent_id, session_id, kind, quantity_milli, resource, currency, cost, spent_on, reservation_id, recorded_at)
        VALUES ($1, $2, $3::uuid, $4, $5, $6, $7, $8, $9, $10::uuid, $11)
        """;

    private const string FindMine = $"SELECT {BudgetSql.Columns} FROM costing.budgets AS b WHERE {BudgetSql.Covers} ORDER BY b.id";

    private const string FindStatus = "SELECT status, currency FROM costing.reservations WHERE id = $1 AND agent_id = $2";

    // SKIP LOCKED lets several instances share the work; who holds a reservation is settling it.
    private const string Lapse = """
        WITH due AS MATERIALIZED (
            SELECT id, agent_id, currency, amount, budget_ids FROM costing.reservations
             WHERE status = 'open' AND expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED),
        freed AS MATERIALIZED (SELECT budget_id, sum(amount) AS amount FROM due, unnest(budget_ids) AS budget_id GROUP BY budget_id),
        locked AS MATERIALIZED (SELECT b.id FROM costing.budgets AS b WHERE b.id = ANY (ARRAY(SELECT budget_id FROM freed)) ORDER BY b.id FOR UPDATE),
        changed AS (UPDATE costing.budgets AS b SET reserved = b.reserved - f.amount FROM locked AS l, freed AS f WHERE b.id = l.id AND f.budget_id = l.id),
        ended AS (UPDATE costing.reservations AS r SET status = 'lapsed', ended_at = $1 FROM due WHERE r.id = due.id)
        SELECT id, agent_id, currency, amount FROM due
        """;

    private const string Remove = """
        DELETE FROM costing.reservations WHERE id = ANY (ARRAY(
            SELECT id FROM costing.reservations WHERE status <> 'open' AND ended_at <= $1 ORDER BY ended_at LIMIT $2 FOR UPDATE SKIP LOCKED))
        RETURNING id
        """;

    // One text is the key and the order of the sums; none of its parts has a control character, and a part that is empty comes first.
    private const string Sum = """
        SELECT * FROM (
            SELECT concat_ws(E'\x01', day, agent_id, session_id, kind, currency) COLLATE "C" AS key, day, agent_id, session_id, kind, currency,
                   count(*), least(sum(quantity_milli), 9223372036854775807)::bigint, sum(cost)
              FROM (SELECT CASE WHEN $5 THEN to_char(spent_on, 'YYYY-MM-DD') ELSE '' END AS day, CASE WHEN $6 THEN agent_id ELSE '' END AS agent_id,
                           CASE WHEN $7 THEN coalesce(session_id::text, '') ELSE '' END AS session_id, CASE WHEN $8 THEN kind ELSE '' END AS kind,
                           currency, CASE WHEN $8 THEN quantity_milli ELSE 0 END AS quantity_milli, cost
                      FROM costing.usage
                     WHERE spent_on BETWEEN $1 AND $2 AND ($3 = '' OR agent_id = $3) AND ($4::uuid IS NULL OR session_id = $4)) AS each
             GROUP BY day, agent_id, session_id, kind, currency) AS sums
         WHERE key > $9
         ORDER BY key
         LIMIT $10
        """;

    /// <summary>Sets money aside and commits, together with other calls; null, and nothing has happened, when a budget does not allow it.</summary>
    public Task<TResponse?> ReserveAsync<TResponse>(UnitOfWork work, DateOnly today, Guid id, Amount amount, Func<SpendOutcome, TResponse> then) where TResponse : class, IMessage =>
        ChangeAsync(work, id, [], Reserve, Read, then, today, amount);

    /// <summary>Counts what was spent and commits, together with other calls; null, and nothing has happened, when a budget is of another currency.</summary>
    public Task<TResponse?> SpendAsync<TResponse>(UnitOfWork work, DateOnly today, Guid usageId, Amount cost, Func<SpendOutcome, TResponse> then) where TResponse : class, IMessage =>
        ChangeAsync(work, usageId, [], Spend, Read, then, today, cost);

    /// <summary>Ends a reservation, counts what was spent and commits; null, and nothing has happened, when there is no such one of this currency to be settled.</summary>
    public Task<TResponse?> SettleAsync<TResponse>(UnitOfWork work, DateOnly today, Guid reservationId, Amount cost, Func<SettledReservation, TResponse> then) where TResponse : class, IMessage =>
        ChangeAsync(work, reservationId, [reservationId], Settle,
            row => new SettledReservation(row.IsDBNull(3) ? null : row.GetGuid(3), Amount.Of(cost.Currency, row.GetDecimal(4)), Read(row)), then,
            today, cost, reservationId, database.Now);

    // What it holds until the commit is the budgets' rows, and the statement itself changes them: several may share a transaction.
    private static Task<TResponse?> ChangeAsync<T, TResponse>(
        UnitOfWork work, Guid subject, Guid[] held, string sql, Func<NpgsqlDataReader, T> map, Func<T, TResponse> then, DateOnly today, Amount amount, params object[] more)
        where T : class where TResponse : class, IMessage
    {
        work.ExecuteRows(LockFirst, new[] { work.Caller.AgentId }, held);
        return work.ChangeAsync(
            subject, sql, map, then, [today, OrganisationCalendar.FirstOfMonth(today), work.Caller.AgentId, amount.ToDecimal(), amount.Currency, .. more]);
    }

    public static void AddReservation(UnitOfWork work, Guid id, Guid? sessionId, Amount amount, Guid[] budgetIds, DateTimeOffset expiresAt) =>
        work.Execute(InsertReservation, id, work.Caller.AgentId, sessionId, amount.Currency, amount.ToDecimal(), budgetIds, expiresAt);

    public void AddUsage(UnitOfWork work, DateOnly today, Guid id, Guid? sessionId, Usage usage, Amount cost, Guid? reservationId) =>
        work.Execute(InsertUsage, id, work.Caller.AgentId, sessionId, EnumText.Of(usage.Kind), usage.QuantityMilli, usage.Resource, cost.Currency, cost.ToDecimal(),
            today, reservationId, database.Now);

    /// <summary>The budgets that cover the caller; those of a refused reservation are still held by its work.</summary>
    public static Task<List<BudgetRecord>> FindMineAsync(UnitOfWork work, DateOnly today) =>
        work.QueryAsync(FindMine, BudgetSql.Read, today, OrganisationCalendar.FirstOfMonth(today), work.Caller.AgentId);

    /// <summary>How a reservation of the caller's stands, and its currency; null when there is none.</summary>
    public static Task<Tuple<string, string>?> FindStatusAsync(UnitOfWork work, Guid reservationId) =>
        work.QuerySingleAsync(FindStatus, row => Tuple.Create(row.GetString(0), row.GetString(1)), reservationId, work.Caller.AgentId);

    /// <summary>Ends reservations that were not settled in time, and frees what they held.</summary>
    public Task<List<LapsedReservation>> LapseAsync(UnitOfWork work, int atMost) =>
        work.QueryAsync(Lapse, row => new LapsedReservation(row.GetGuid(0), row.GetString(1), Amount.Of(row.GetString(2), row.GetDecimal(3))), database.Now, atMost);

    /// <summary>Removes reservations that ended before this; gives back how many.</summary>
    public static async Task<int> RemoveAsync(UnitOfWork work, DateTimeOffset before, int atMost) => (await work.QueryAsync(Remove, row => row.GetGuid(0), before, atMost)).Count;

    public Task<List<SpendRecord>> SumAsync(PageRequest page, SpendFilter filter, ServerCallContext context) =>
        database.QueryAsync(context, Sum, ReadSum, filter.Start, filter.End, filter.AgentId, filter.SessionId, filter.GroupBy.Contains(SpendBy.Day),
            filter.GroupBy.Contains(SpendBy.Agent), filter.GroupBy.Contains(SpendBy.Session), filter.GroupBy.Contains(SpendBy.Kind), page.After ?? "", page.Fetch);

    private static SpendOutcome Read(NpgsqlDataReader row) => new(row.GetFieldValue<Guid[]>(0), row.GetFieldValue<Guid[]>(1), row.GetFieldValue<Guid[]>(2));

    private static SpendRecord ReadSum(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4) is { Length: > 0 } kind ? EnumText.Parse<UsageKind>(kind) : UsageKind.Unspecified,
        row.GetInt64(6), row.GetInt64(7), Amount.Of(row.GetString(5), row.GetDecimal(8)));
}
