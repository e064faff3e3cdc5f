namespace AgentPlatform.Sessions;

/// <summary>When a message that was not taken is tried again. No I/O.</summary>
public static class RetryRules
{
    private static readonly TimeSpan ShortestPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(3);

    // A fifth to either side, so that what failed together does not come back together.
    private const double JitterShare = 0.2;

    /// <summary>
    /// The next attempt, or null when it is time to give up. Each pause is as long as all the time before it, so attempts come at about 5, 10, 20 and 40 s, and so on,
    /// from three hours on every three hours, about twenty in a day; the last one when the time is just over.
    /// </summary>
    /// <param name="queuedAt">When the first attempt was due.</param>
    /// <param name="now">When the last one failed.</param>
    /// <param name="retryFor">How long to try.</param>
    /// <param name="retryAfter">What the receiver asked for, if it did; taken up to three hours.</param>
    /// <param name="random">0 to 1.</param>
    public static DateTimeOffset? Next(DateTimeOffset queuedAt, DateTimeOffset now, TimeSpan retryFor, TimeSpan? retryAfter, double random)
    {
        var giveUpAt = queuedAt + retryFor;
        if (now >= giveUpAt)
            return null;
        var pause = Clamp(now - queuedAt) * (1 - JitterShare + 2 * JitterShare * random);
        if (retryAfter is { } asked && asked > pause)
            pause = Clamp(asked);
        var next = now + pause;
        return next < giveUpAt ? next : giveUpAt;
    }

    private static TimeSpan Clamp(TimeSpan pause) => pause < ShortestPause ? ShortestPause : pause > LongestPause ? LongestPause : pause;
}
