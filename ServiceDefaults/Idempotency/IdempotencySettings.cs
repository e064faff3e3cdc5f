namespace AgentPlatform;

/// <summary>Section <c>Idempotency</c>.</summary>
public sealed class IdempotencySettings
{
    /// <summary>How long an answer is kept for repeats.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromHours(24);

    /// <summary>How long a second call with a key waits for the first one's answer before it is told to try again.</summary>
    public TimeSpan InFlightWait { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often answers that have outlived their time are removed.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromMinutes(1);
}
