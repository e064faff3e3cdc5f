using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Costings;

/// <summary>All SQL of budgets and spenders.</summary>
public sealed class BudgetStore(Database database, OrganisationCalendar calendar)
{
    // Whoever counts something locks a row of this table, so this waits for all that is being counted, and holds up all that comes until the commit: a
    // new budget begins with just what was spent, not a call more or less.
    private const string Lock = "LOCK TABLE costing.budgets IN EXCLUSIVE MODE";

    private const string Find = $"SELECT {BudgetSql.Columns} FROM costing.budgets AS b WHERE scope = $3 AND scope_name = $4 AND period = $5";

    private const string Update = $"""
        UPDATE costing.budgets AS b SET soft_limit = $4, hard_limit = $5, revision = revision + 1, set_by = $6, reason = $7 WHERE id = $3 RETURNING {BudgetSql.Columns}
        """;

    private const string Insert = $"""
        INSERT INTO costing.budgets AS b (id, scope, scope_name, period, currency, soft_limit, hard_limit, period_starts_on, spent, reserved, revision, set_by, reason)
        SELECT $3, $4, $5, $6, $7, $8, $9, CASE $6 WHEN 'day' THEN $1::date ELSE $2::date END, coalesce(sum(cost), 0), 0, 1, $10, $11
          FROM costing.usage
         WHERE spent_on >= CASE $6 WHEN 'day' THEN $1::date ELSE $2::date END AND currency = $7
           AND ($4 = 'all_scope' OR agent_id IN (
                SELECT $5 WHERE $4 = 'agent_scope'
                UNION ALL SELECT agent_id FROM costing.spenders WHERE $4 = 'role_scope' AND role = $5 OR $4 = 'tag_scope' AND tags @> ARRAY[$5]))
        RETURNING {BudgetSql.Columns}
        """;

    private const string Remove = $"DELETE FROM costing.budgets AS b WHERE id = $3 RETURNING {BudgetSql.Columns}";

    private const string List = $"""
        SELECT {BudgetSql.Columns} FROM costing.budgets AS b
         WHERE ($4::uuid IS NULL OR b.id > $4) AND ($3 = '' OR {BudgetSql.Covers})
         ORDER BY b.id LIMIT $5
        """;

    private const string PutSpender = """
        INSERT INTO costing.spenders AS s (agent_id, role, tags, set_at, set_by) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT ON CONSTRAINT spenders_pkey DO UPDATE SET role = excluded.role, tags = excluded.tags, set_at = excluded.set_at, set_by = excluded.set_by
        """;

    private const string ListSpendersAfter = "SELECT agent_id, role, tags, set_at, set_by FROM costing.spenders WHERE agent_id > $1 ORDER BY agent_id LIMIT $2";

    private DateOnly Today => calendar.Today;

    private DateOnly ThisMonth => OrganisationCalendar.FirstOfMonth(Today);

    /// <summary>The budget of a scope and period; nothing is counted on any budget until the work ends.</summary>
    public Task<BudgetRecord?> FindToSetAsync(UnitOfWork work, BudgetScope scope, string scopeName, BudgetPeriod period)
    {
        work.Execute(Lock);
        return work.QuerySingleAsync(Find, BudgetSql.Read, Today, ThisMonth, EnumText.Of(scope), scopeName, EnumText.Of(period));
    }

    /// <summary>Adds a budget with what its scope has spent in the period that runs.</summary>
    public async Task<BudgetRecord> AddAsync(UnitOfWork work, SetBudgetRequest request, Amount soft, Amount hard) =>
        (await work.QueryAsync(Insert, BudgetSql.Read, Today, ThisMonth, Guid.CreateVersion7(database.Now), EnumText.Of(request.Scope), request.ScopeName,
            EnumText.Of(request.Period), hard.Currency, soft.ToDecimal(), hard.ToDecimal(), work.Caller.Subject, request.Reason)).Single();

    /// <summary>Changes the limits of a budget that <see cref="FindToSetAsync"/> has found in this work.</summary>
    public async Task<BudgetRecord> ChangeAsync(UnitOfWork work, Guid id, Amount soft, Amount hard, string reason) =>
        (await work.QueryAsync(Update, BudgetSql.Read, Today, ThisMonth, id, soft.ToDecimal(), hard.ToDecimal(), work.Caller.Subject, reason)).Single();

    /// <summary>Removes a budget; null when there is none.</summary>
    public Task<BudgetRecord?> RemoveAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(Remove, BudgetSql.Read, Today, ThisMonth, id);

    /// <summary>A page of the budgets that cover an agent, or of all.</summary>
    public Task<List<BudgetRecord>> ListAsync(PageRequest page, string agentId, ServerCallContext context) =>
        database.QueryAsync(context, List, BudgetSql.Read, Today, ThisMonth, agentId, page.AfterId, page.Fetch);

    /// <summary>Says under what an agent spends.</summary>
    public SpenderRecord Put(UnitOfWork work, SetSpenderRequest request)
    {
        var spender = new SpenderRecord(request.AgentId, request.Role, [.. request.Tags], database.Now, work.Caller.Subject);
        work.Execute(PutSpender, spender.AgentId, spender.Role, request.Tags.ToArray(), spender.SetAt, spender.SetBy);
        return spender;
    }

    public Task<List<SpenderRecord>> ListSpendersAsync(PageRequest page, ServerCallContext context) =>
        database.QueryAsync(context, ListSpendersAfter,
            row => new SpenderRecord(row.GetString(0), row.GetString(1), row.GetFieldValue<string[]>(2), row.GetFieldValue<DateTimeOffset>(3), row.GetString(4)), page.After ?? "", page.Fetch);
}
