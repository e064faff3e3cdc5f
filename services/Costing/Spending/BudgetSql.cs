using AgentPlatform.Contracts.Costing.V1;
using Npgsql;

namespace AgentPlatform.Costings;

/// <summary>What all statements about budgets have in common.</summary>
internal static class BudgetSql
{
    /// <summary>What was spent of a budget in its period, on the day <c>$1</c>, of the month that begins on <c>$2</c>: with the first spending of a new one it begins at zero.</summary>
    public const string SpentNow = "CASE WHEN b.period_starts_on >= CASE b.period WHEN 'day' THEN $1::date ELSE $2::date END THEN b.spent ELSE 0 END";

    /// <summary>When that period began. An instance whose clock is behind does not bring a period back.</summary>
    public const string PeriodNow = "greatest(b.period_starts_on, CASE b.period WHEN 'day' THEN $1::date ELSE $2::date END)";

    /// <summary>A budget as it stands on the day <c>$1</c>, of the month that begins on <c>$2</c>.</summary>
    public const string Columns = $"""
        b.id, b.scope, b.scope_name, b.period, b.currency, b.soft_limit, b.hard_limit, {SpentNow} AS spent, b.reserved, {PeriodNow} AS period_starts_on, b.revision,
        b.set_by, b.reason
        """;

    /// <summary>Whether a budget covers the agent <c>$3</c>.</summary>
    public const string Covers = $"(b.scope, b.scope_name) IN (SELECT covering.scope, covering.name FROM (SELECT $3::text) AS asked (agent_id) {Covering})";

    /// <summary>Whether a budget covers any of the agents <c>$1</c>, a column.</summary>
    public const string CoversAny = $"(b.scope, b.scope_name) IN (SELECT covering.scope, covering.name FROM unnest($1::text[]) AS asked (agent_id) {Covering})";

    // The rule itself: what budgets may be of that cover an agent who is asked for. BudgetStore.Insert reads it the other way round.
    private const string Covering = """
        LEFT JOIN costing.spenders AS s USING (agent_id)
        CROSS JOIN LATERAL (
            SELECT 'all_scope', '' UNION ALL SELECT 'agent_scope', agent_id
            UNION ALL SELECT 'role_scope', s.role WHERE s.role <> '' UNION ALL SELECT 'tag_scope', unnest(s.tags)) AS covering (scope, name)
        """;

    public static BudgetRecord Read(NpgsqlDataReader row)
    {
        var currency = row.GetString(4);
        return new BudgetRecord(row.GetGuid(0), EnumText.Parse<BudgetScope>(row.GetString(1)), row.GetString(2), EnumText.Parse<BudgetPeriod>(row.GetString(3)),
            Amount.Of(currency, row.GetDecimal(5)), Amount.Of(currency, row.GetDecimal(6)), Amount.Of(currency, row.GetDecimal(7)), Amount.Of(currency, row.GetDecimal(8)),
            row.GetFieldValue<DateOnly>(9), row.GetInt64(10), row.GetString(11), row.GetString(12));
    }
}
