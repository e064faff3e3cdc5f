using System.Net;

namespace AgentPlatform.Sessions;

/// <summary>How an attempt went.</summary>
/// <param name="Due">What was attempted.</param>
/// <param name="StartedAt">When.</param>
/// <param name="DurationMs">How long it took.</param>
/// <param name="StatusCode">What was answered; 0 without an answer.</param>
/// <param name="Error">Why it failed; empty when it did not.</param>
/// <param name="Answer">The beginning of the answer's body.</param>
/// <param name="RetryAfter">How long the receiver wants to be left alone, if it said so.</param>
public sealed record AttemptOutcome(
    DueDelivery Due, DateTimeOffset StartedAt, int DurationMs, int StatusCode, string Error, string Answer, TimeSpan? RetryAfter)
{
    public bool IsDelivered => Error.Length == 0;

    /// <summary>Whether the receiver wants nothing more, for ever.</summary>
    public bool IsGone => StatusCode == (int)HttpStatusCode.Gone;
}
