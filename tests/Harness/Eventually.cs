namespace AgentPlatform.Tests;

/// <summary>Waits for a condition, with a deadline; never for a time alone.</summary>
public static class Eventually
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    /// <summary>Waits until the condition holds; while it throws, it does not hold yet.</summary>
    public static async Task TrueAsync(Func<Task<bool>> condition, string what, TimeSpan? within = null)
    {
        var giveUpAt = TimeProvider.System.GetUtcNow() + (within ?? Deadline);
        Exception? last = null;
        while (TimeProvider.System.GetUtcNow() < giveUpAt)
        {
            try
            {
                if (await condition())
                    return;
                last = null;
            }
            // Whatever is the matter now may be over at the next look; if not, it is told at the end.
            catch (Exception e) { last = e; }
            await Task.Delay(LookEvery);
        }
        throw new TimeoutException($"Did not come true in time: {what}. {last?.Message}", last);
    }
}
