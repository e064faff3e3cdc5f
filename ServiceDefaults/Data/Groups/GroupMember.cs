using System.Diagnostics;

namespace AgentPlatform;

/// <summary>Something of one call that travels to Postgres with others' of its kind.</summary>
/// <param name="connectionTag">Whose work it is.</param>
/// <param name="cancellation">Whether it is still wanted, until it is on its way.</param>
internal abstract class GroupMember(string connectionTag, CancellationToken cancellation)
{
    private readonly TaskCompletionSource<bool> _done = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public string ConnectionTag => connectionTag;

    /// <summary>The call's trace.</summary>
    public ActivityContext Trace { get; } = Activity.Current?.Context ?? default;

    /// <summary>With how many it was sent; zero before, and then it has no effect whatever happens.</summary>
    public int GroupSize { get; private set; }

    /// <summary>It goes out, with so many others.</summary>
    public void GoWith(int groupSize) => GroupSize = groupSize;

    /// <summary>True when it is done, false when it must be tried alone and has had no effect; failed when the connection broke or there was none.</summary>
    public Task<bool> Done => _done.Task;

    public void Succeed() => _done.TrySetResult(true);

    public void GoAlone()
    {
        GroupSize = 0;
        _done.TrySetResult(false);
    }

    public void Fail(Exception e) => _done.TrySetException(e);

    /// <summary>
    /// A group's own span: of no caller's trace, since it is of many, but linked to each, as the conventions of OpenTelemetry want it for batches.
    /// </summary>
    public static Activity? StartSpan(string name, IEnumerable<GroupMember> group) => !Telemetry.Source.HasListeners() ? null
        : Telemetry.Source.StartActivity(name, ActivityKind.Client, default(ActivityContext), links: group.Select(m => new ActivityLink(m.Trace)));

    /// <summary>False, and the end of it, when its caller has gone before it was on its way.</summary>
    public bool IsWanted() => !cancellation.IsCancellationRequested || !_done.TrySetCanceled(cancellation);
}
