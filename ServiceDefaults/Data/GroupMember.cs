using System.Diagnostics;
using Npgsql;

namespace AgentPlatform;

/// <summary>A unit of work on its way into a group.</summary>
/// <param name="ConnectionTag">Whose work it is.</param>
/// <param name="Question">What it asks first; null when it only adds.</param>
/// <param name="Additions">What it writes, from the row that its question found; null when there was none, or when it refuses: it then leaves the group.</param>
/// <param name="Cancellation">Whether it is still wanted, until it is on its way.</param>
internal sealed record GroupMember(string ConnectionTag, GroupQuestion? Question, Func<NpgsqlDataReader?, Additions?> Additions, CancellationToken Cancellation)
{
    private readonly TaskCompletionSource<bool> _committed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The call's trace.</summary>
    public ActivityContext Trace { get; } = Activity.Current?.Context ?? default;

    /// <summary>With how many its commit was sent; zero before, and then it has no effect whatever happens.</summary>
    public int GroupSize { get; private set; }

    /// <summary>True when it is committed, false when it must be tried alone and has had no effect; failed when the connection broke or there was none.</summary>
    public Task<bool> Committed => _committed.Task;

    /// <summary>Its commit goes out, with so many others'.</summary>
    public void GoWith(int groupSize) => GroupSize = groupSize;

    public void Succeed() => _committed.TrySetResult(true);

    public void GoAlone()
    {
        GroupSize = 0;
        _committed.TrySetResult(false);
    }

    public void Fail(Exception e) => _committed.TrySetException(e);

    /// <summary>False, and the end of it, when its caller has gone before it was on its way.</summary>
    public bool IsWanted() => !Cancellation.IsCancellationRequested || !_committed.TrySetCanceled(Cancellation);
}
