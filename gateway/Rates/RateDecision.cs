namespace AgentPlatform.Gateway;

/// <summary>Whether a call may pass.</summary>
/// <param name="IsAdmitted">Whether it may.</param>
/// <param name="Policy">Which budget it was taken from, for <c>RateLimit</c> headers; empty when nothing limits the call.</param>
/// <param name="Limit">What the budget takes in a minute.</param>
/// <param name="Left">What is left of it now, as far as is known here.</param>
/// <param name="FullIn">How long until all of it is there again.</param>
/// <param name="RetryAfter">How long until a refused call would be admitted.</param>
public readonly record struct RateDecision(bool IsAdmitted, string Policy, int Limit, double Left, TimeSpan FullIn, TimeSpan RetryAfter)
{
    /// <summary>Nothing limits the call.</summary>
    public static readonly RateDecision Unlimited = new(IsAdmitted: true, Policy: "", Limit: 0, Left: 0, FullIn: default, RetryAfter: default);
}
