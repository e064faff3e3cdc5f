using Npgsql;

namespace AgentPlatform;

/// <summary>What a unit of work writes at its commit: its answer where there is a key, the rows of its own, and its audit entries.</summary>
internal sealed record Additions(StoredAnswer? Answer, IReadOnlyList<Statement> Statements, IReadOnlyList<OutboxRow> Outbox)
{
    /// <summary>Adds what one unit writes. The answer first, so that a repeat fails on its key and not on what the first call has changed.</summary>
    private void AddTo(NpgsqlBatch batch)
    {
        if (Answer is { } a)
            batch.Add(IdempotencySql.Insert, a.Call.Caller, a.Call.Method, a.Call.Key, a.Call.Fingerprint, a.Answer, a.CreatedAt);
        foreach (var statement in Statements)
            batch.Add(statement.Sql, statement.Values);
        foreach (var row in Outbox)
            batch.Add(OutboxSql.Insert, row.Id, row.Entry, row.CreatedAt);
    }

    /// <summary>Adds what several units write, with one statement for all answers, one for all entries, and one for rows of a kind.</summary>
    /// <returns>The statements of the units, in their order.</returns>
    public static IReadOnlyList<MergedStatement> AddTo(NpgsqlBatch batch, IReadOnlyList<Additions> all)
    {
        if (all.Count == 1)
        {
            all[0].AddTo(batch);
            return [.. all[0].Statements.Select(s => new MergedStatement(s))];
        }
        // Always in the same order, so that of two groups with the same keys one waits for the other and never both.
        var answers = all.Where(a => a.Answer is not null).Select(a => a.Answer!).OrderBy(a => a.Call.Key, StringComparer.Ordinal).ToArray();
        if (answers.Length > 0)
            batch.Add(IdempotencySql.InsertAll, Array.ConvertAll(answers, a => a.Call.Caller), Array.ConvertAll(answers, a => a.Call.Method),
                Array.ConvertAll(answers, a => a.Call.Key), Array.ConvertAll(answers, a => a.Call.Fingerprint), Array.ConvertAll(answers, a => a.Answer),
                Array.ConvertAll(answers, a => a.CreatedAt));
        var statements = new List<MergedStatement>();
        foreach (var unit in all)
            MergedStatement.Add(statements, unit.Statements);
        foreach (var statement in statements)
            statement.AddTo(batch);
        var rows = all.SelectMany(a => a.Outbox).ToArray();
        if (rows.Length > 0)
            batch.Add(OutboxSql.InsertAll, Array.ConvertAll(rows, r => r.Id), Array.ConvertAll(rows, r => r.Entry), Array.ConvertAll(rows, r => r.CreatedAt));
        return statements;
    }
}
