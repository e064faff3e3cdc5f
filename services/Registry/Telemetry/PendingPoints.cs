namespace AgentPlatform.Registry;

/// <summary>Points of one caller on their way into the table.</summary>
public sealed class PendingPoints(IReadOnlyList<TelemetryRecord> points)
{
    private readonly TaskCompletionSource<TelemetryCounts> _written = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<TelemetryRecord> Points { get; } = points;

    /// <summary>Done when all of them are durable; failed when none is, or when nobody knows.</summary>
    public Task<TelemetryCounts> Written => _written.Task;

    public void Succeed(TelemetryCounts counts) => _written.TrySetResult(counts);

    public void Fail(Exception e) => _written.TrySetException(e);
}
