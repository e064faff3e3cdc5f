namespace AgentPlatform.Registry;

/// <summary>All SQL of what Session is yet to be told.</summary>
public sealed class TaskReports
{
    /// <summary>What the reporter listens to.</summary>
    public const string Topic = "task-reports";

    private const string Insert = "INSERT INTO registry.task_reports (task_id) SELECT unnest($1::uuid[])";

    private const string Oldest = "SELECT id, task_id FROM registry.task_reports ORDER BY id LIMIT $1";

    private const string Delete = "DELETE FROM registry.task_reports WHERE id = ANY ($1)";

    /// <summary>Session is to learn how this task stands.</summary>
    public void Add(UnitOfWork work, Guid taskId)
    {
        work.ExecuteRows(Insert, new[] { taskId });
        work.Wake(Topic);
    }

    /// <summary>The oldest of them, and their tasks.</summary>
    public Task<List<(long Id, Guid TaskId)>> OldestAsync(UnitOfWork work, int limit) => work.QueryAsync(Oldest, row => (row.GetInt64(0), row.GetGuid(1)), limit);

    /// <summary>Session has learnt of these.</summary>
    public void Remove(UnitOfWork work, IEnumerable<long> ids) => work.Execute(Delete, ids.ToArray());
}
