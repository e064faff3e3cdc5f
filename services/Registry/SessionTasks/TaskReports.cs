namespace AgentPlatform.Registry;

/// <summary>All SQL of what Session is yet to be told.</summary>
public sealed class TaskReports
{
    /// <summary>What the reporter listens to.</summary>
    public const string Topic = "task-reports";

    private const string Insert = "INSERT INTO registry.task_reports (task_id) SELECT unnest($1::uuid[])";

    private const string Take = """
        DELETE FROM registry.task_reports WHERE id = ANY (ARRAY(
            SELECT id FROM registry.task_reports ORDER BY id LIMIT $1 FOR UPDATE SKIP LOCKED))
        RETURNING task_id
        """;

    /// <summary>Session is to learn how this task stands.</summary>
    public void Add(UnitOfWork work, Guid taskId)
    {
        work.ExecuteRows(Insert, new[] { taskId });
        work.Wake(Topic);
    }

    /// <summary>Takes the oldest, which are gone once the work commits; gives back their tasks. Several instances share them.</summary>
    public Task<List<Guid>> TakeAsync(UnitOfWork work, int limit) => work.QueryAsync(Take, row => row.GetGuid(0), limit);
}
