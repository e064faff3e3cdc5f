using System.Diagnostics;
using Npgsql;

namespace AgentPlatform;

/// <summary>
/// A unit of work that has asked the database nothing and only adds rows, ready to be committed: what it adds of its own, its answer where there is
/// a key, and its audit entries.
/// </summary>
/// <param name="ConnectionTag">Whose work it is.</param>
/// <param name="Answer">What <see cref="IdempotencySql.Insert"/> takes; null without a key.</param>
/// <param name="Statements">The rows of its own.</param>
/// <param name="Outbox">The audit entries.</param>
/// <param name="Cancellation">Whether it is still wanted, until it is on its way.</param>
internal sealed record Addition(
    string ConnectionTag, StoredAnswer? Answer, IReadOnlyList<(string Sql, object?[] Values)> Statements, IReadOnlyList<OutboxRow> Outbox, CancellationToken Cancellation)
{
    private readonly TaskCompletionSource _committed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The call's trace.</summary>
    public ActivityContext Trace { get; } = Activity.Current?.Context ?? default;

    /// <summary>With how many it went, once it is on its way; zero before, and then it has no effect whatever happens.</summary>
    public int GroupSize { get; private set; }

    /// <summary>Done when it is committed; failed when it is not, with what Postgres or the connection said.</summary>
    public Task Committed => _committed.Task;

    public void Succeed() => _committed.TrySetResult();

    public void GoWith(int groupSize) => GroupSize = groupSize;

    public void Fail(Exception e) => _committed.TrySetException(e);

    /// <summary>False, and the end of it, when its caller has gone before it was on its way.</summary>
    public bool IsWanted() => !Cancellation.IsCancellationRequested || !_committed.TrySetCanceled(Cancellation);

    /// <summary>Adds what this one alone takes. The answer first, so that a repeat fails on its key.</summary>
    public void AddTo(NpgsqlBatch batch)
    {
        if (Answer is { } a)
            batch.Add(IdempotencySql.Insert, a.Call.Caller, a.Call.Method, a.Call.Key, a.Call.Fingerprint, a.Answer, a.CreatedAt);
        foreach (var (sql, values) in Statements)
            batch.Add(sql, values);
        foreach (var row in Outbox)
            batch.Add(OutboxSql.Insert, row.Id, row.Entry, row.CreatedAt);
    }

    /// <summary>Adds what several take, with one statement for all answers and one for all entries.</summary>
    public static void AddTo(NpgsqlBatch batch, IReadOnlyList<Addition> all)
    {
        // Always in the same order, so that of two groups with the same keys one waits for the other and never both.
        var answers = all.Where(a => a.Answer is not null).Select(a => a.Answer!).OrderBy(a => a.Call.Key, StringComparer.Ordinal).ToArray();
        if (answers.Length > 0)
            batch.Add(IdempotencySql.InsertAll, Array.ConvertAll(answers, a => a.Call.Caller), Array.ConvertAll(answers, a => a.Call.Method),
                Array.ConvertAll(answers, a => a.Call.Key), Array.ConvertAll(answers, a => a.Call.Fingerprint), Array.ConvertAll(answers, a => a.Answer),
                Array.ConvertAll(answers, a => a.CreatedAt));
        foreach (var (sql, values) in all.SelectMany(a => a.Statements))
            batch.Add(sql, values);
        var rows = all.SelectMany(a => a.Outbox).ToArray();
        if (rows.Length > 0)
            batch.Add(OutboxSql.InsertAll, Array.ConvertAll(rows, r => r.Id), Array.ConvertAll(rows, r => r.Entry), Array.ConvertAll(rows, r => r.CreatedAt));
    }
}
