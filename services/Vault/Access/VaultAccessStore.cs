using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Vault;

/// <summary>All SQL of rules and labels.</summary>
public sealed class VaultAccessStore(Database database)
{
    private const string RuleColumns = "id, agent_id, role, pattern, effect, actions, reason, set_by, set_at, version";
    private const string LabelColumns = "id, name, pattern, approver_role, reason, set_by, set_at, version";

    // Whoever sets something waits for whoever else does, so that what is counted and compared stays so until the commit. Reads go on.
    private const string LockRules = "LOCK TABLE vault.rules IN SHARE ROW EXCLUSIVE MODE";
    private const string LockLabels = "LOCK TABLE vault.labels IN SHARE ROW EXCLUSIVE MODE";

    private const string RulesOfOne = $"SELECT {RuleColumns} FROM vault.rules WHERE agent_id = $1 AND role = $2";

    private const string RulesOfCaller = $"""
        SELECT {RuleColumns} FROM vault.rules WHERE agent_id = $1 AND role = ''
        UNION ALL SELECT {RuleColumns} FROM vault.rules WHERE agent_id = '' AND role = ANY ($2)
        """;

    private const string AllLabels = $"SELECT {LabelColumns} FROM vault.labels";

    private const string PutRule = """
        INSERT INTO vault.rules (id, agent_id, role, pattern, effect, actions, reason, set_by, set_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ON CONFLICT ON CONSTRAINT rules_pkey DO UPDATE
           SET actions = excluded.actions, reason = excluded.reason, set_by = excluded.set_by, set_at = excluded.set_at, version = excluded.version
        """;

    private const string PutLabel = """
        INSERT INTO vault.labels (id, name, pattern, approver_role, reason, set_by, set_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT ON CONSTRAINT labels_pkey DO UPDATE
           SET approver_role = excluded.approver_role, reason = excluded.reason, set_by = excluded.set_by, set_at = excluded.set_at, version = excluded.version
        """;

    private const string DeleteRule = $"DELETE FROM vault.rules WHERE id = $1 RETURNING {RuleColumns}";

    private const string DeleteLabel = $"DELETE FROM vault.labels WHERE id = $1 RETURNING {LabelColumns}";

    // Keyset paging: ids are UUIDv7, so their order is the order of making.
    private const string PageOfRules = $"""
        SELECT {RuleColumns} FROM vault.rules
         WHERE ($1::uuid IS NULL OR id > $1) AND ($2 = '' OR agent_id = $2 OR role = 'agent') ORDER BY id LIMIT $3
        """;

    private const string PageOfLabels = $"SELECT {LabelColumns} FROM vault.labels WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2";

    /// <summary>What the caller may do, as it stands now.</summary>
    public async Task<CallerAccess> OfCallerAsync(ServerCallContext context)
    {
        var caller = context.Caller();
        var reads = new ReadBatch();
        var rules = reads.Add(RulesOfCaller, ReadRule, caller.AgentId, caller.Roles.Select(EnumText.Of).ToArray());
        var labels = reads.Add(AllLabels, ReadLabel);
        await database.ReadAsync(context, reads);
        return new CallerAccess(caller, rules, labels);
    }

    /// <summary>The rules of an agent or a role; nobody else sets a rule until the work ends.</summary>
    public Task<List<RuleRecord>> FindRulesToSetAsync(UnitOfWork work, string agentId, Role role)
    {
        work.Execute(LockRules);
        return work.QueryAsync(RulesOfOne, ReadRule, agentId, EnumText.Of(role));
    }

    /// <summary>All labels; nobody else sets a label until the work ends.</summary>
    public Task<List<LabelRecord>> FindLabelsToSetAsync(UnitOfWork work)
    {
        work.Execute(LockLabels);
        return work.QueryAsync(AllLabels, ReadLabel);
    }

    /// <summary>Writes a rule, new or changed, as its next version.</summary>
    public RuleRecord Put(UnitOfWork work, RuleRecord? present, SetRuleRequest request, PathPattern pattern)
    {
        var rule = new RuleRecord(present?.Id ?? Guid.CreateVersion7(database.Now), request.AgentId, request.Role, pattern, request.Effect,
            [.. request.Actions.Order()], request.Reason, work.Caller.Subject, database.Now, (present?.Version ?? 0) + 1);
        work.Execute(PutRule, rule.Id, rule.AgentId, EnumText.Of(rule.Role), pattern.ToString(), EnumText.Of(rule.Effect), rule.Actions.Select(EnumText.Of).ToArray(),
            rule.Reason, rule.SetBy, rule.SetAt, rule.Version);
        return rule;
    }

    /// <summary>Writes a label, new or changed, as its next version.</summary>
    public LabelRecord Put(UnitOfWork work, LabelRecord? present, SetLabelRequest request, PathPattern pattern)
    {
        var label = new LabelRecord(present?.Id ?? Guid.CreateVersion7(database.Now), request.Name, pattern, request.ApproverRole, request.Reason,
            work.Caller.Subject, database.Now, (present?.Version ?? 0) + 1);
        work.Execute(PutLabel, label.Id, label.Name, pattern.ToString(), EnumText.Of(label.ApproverRole), label.Reason, label.SetBy, label.SetAt, label.Version);
        return label;
    }

    /// <summary>Removes a rule; null when there is none.</summary>
    public Task<RuleRecord?> RemoveRuleAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(DeleteRule, ReadRule, id);

    /// <summary>Removes a label; null when there is none.</summary>
    public Task<LabelRecord?> RemoveLabelAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(DeleteLabel, ReadLabel, id);

    /// <summary>A page of the rules that count for an agent, or of all.</summary>
    public Task<List<RuleRecord>> ListRulesAsync(PageRequest page, string agentId, ServerCallContext context) =>
        database.QueryAsync(context, PageOfRules, ReadRule, page.AfterId, agentId, page.Fetch);

    public Task<List<LabelRecord>> ListLabelsAsync(PageRequest page, ServerCallContext context) =>
        database.QueryAsync(context, PageOfLabels, ReadLabel, page.AfterId, page.Fetch);

    private static RuleRecord ReadRule(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), EnumText.Parse<Role>(row.GetString(2)), new PathPattern(row.GetString(3)), EnumText.Parse<RuleEffect>(row.GetString(4)),
        [.. row.GetFieldValue<string[]>(5).Select(EnumText.Parse<FileAction>)], row.GetString(6), row.GetString(7), row.GetFieldValue<DateTimeOffset>(8), row.GetInt64(9));

    private static LabelRecord ReadLabel(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), new PathPattern(row.GetString(2)), EnumText.Parse<Role>(row.GetString(3)), row.GetString(4), row.GetString(5),
        row.GetFieldValue<DateTimeOffset>(6), row.GetInt64(7));
}
