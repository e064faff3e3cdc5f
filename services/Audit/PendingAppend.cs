namespace AgentPlatform.Audit;

/// <summary>The entries of one call, and its answer.</summary>
public sealed class PendingAppend(IReadOnlyList<AuditRecord> entries)
{
    // Continuations run elsewhere: the writer's loop is not to do a caller's work.
    private readonly TaskCompletionSource<int> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<AuditRecord> Entries { get; } = entries;

    /// <summary>How many were new, once all are durable.</summary>
    public Task<int> Appended => _done.Task;

    public void Succeed(int appended) => _done.TrySetResult(appended);

    public void Fail(Exception exception) => _done.TrySetException(exception);
}
