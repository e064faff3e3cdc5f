using AgentPlatform.Cli;
using Grpc.Core;

namespace AgentPlatform.Bench.Chaos;

/// <summary>
/// What clients of the platform do: send a call with an idempotency key again, under the same key, until it is answered or
/// refused for good.
/// </summary>
public static class Patience
{
    /// <summary>The metadata key of the idempotency key.</summary>
    public const string KeyHeader = "idempotency-key";

    private static readonly TimeSpan AttemptTimeout = TimeSpan.FromSeconds(5);
    private const double FirstPauseMs = 50;
    private const double LongestPauseMs = 1_000;
    private const double Growth = 2;

    /// <summary>The answer. A refusal that a repeat cannot change is thrown.</summary>
    /// <param name="send">Sends the call once, with these options.</param>
    /// <param name="key">The idempotency key; null for a read.</param>
    /// <param name="refused">Told of each attempt that was in vain.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    public static async Task<T> UntilAnsweredAsync<T>(
        Func<CallOptions, Task<T>> send, string? key, Action<RpcException> refused, CancellationToken cancellation)
    {
        for (var attempt = 0; ; attempt++)
        {
            var headers = new Metadata();
            if (key is not null)
                headers.Add(KeyHeader, key);
            var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + AttemptTimeout;
            try { return await send(new CallOptions(headers, deadline, cancellation)); }
            catch (RpcException e) when (IsPassing(e) && !cancellation.IsCancellationRequested)
            {
                refused(e);
                await Task.Delay(PauseAfter(attempt), cancellation);
            }
        }
    }

    /// <summary>Whether the call may be sent again under its key: nothing was done, or what was done will be told.</summary>
    public static bool IsPassing(RpcException refusal) => refusal.StatusCode switch
    {
        // A budget that is used up is no crowd that thins out.
        StatusCode.ResourceExhausted => RpcText.ReasonOf(refusal) != "BUDGET_EXCEEDED",
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled => true,
        StatusCode.Aborted => RpcText.ReasonOf(refusal) == "IDEMPOTENCY_IN_FLIGHT",
        _ => false,
    };

    // The jitter is wide, so that callers which failed together do not come back together.
    private static TimeSpan PauseAfter(int attempt) =>
        TimeSpan.FromMilliseconds(Math.Min(LongestPauseMs, FirstPauseMs * Math.Pow(Growth, attempt)) * (0.5 + Random.Shared.NextDouble()));
}
