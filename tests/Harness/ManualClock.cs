namespace AgentPlatform.Tests;

/// <summary>A clock that starts at the real time and is moved by hand; timers run on the real one.</summary>
public sealed class ManualClock : TimeProvider
{
    private TimeSpan _offset;

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + _offset;

    public void Advance(TimeSpan by) => _offset += by;
}
