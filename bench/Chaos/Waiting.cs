namespace AgentPlatform.Bench.Chaos;

/// <summary>Waits for a condition, with a deadline.</summary>
public static class Waiting
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>Looks again and again until it holds; a <see cref="TimeoutException"/> that says what did not come true.</summary>
    public static async Task UntilAsync(Func<Task<bool>> condition, string what, TimeSpan within)
    {
        var giveUpAt = TimeProvider.System.GetUtcNow() + within;
        while (!await condition())
        {
            if (TimeProvider.System.GetUtcNow() >= giveUpAt)
                throw new TimeoutException($"Did not come true within {within.TotalSeconds:0} s: {what}.");
            await Task.Delay(LookEvery);
        }
    }
}
