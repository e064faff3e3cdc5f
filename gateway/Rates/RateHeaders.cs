using System.Globalization;
using Grpc.Core;

namespace AgentPlatform.Gateway;

/// <summary>Tells callers of their budget, as draft-ietf-httpapi-ratelimit-headers-10 writes it, and how long to wait. No I/O.</summary>
public static class RateHeaders
{
    private const string PushbackTrailer = "grpc-retry-pushback-ms";
    private const int WindowSeconds = 60;

    /// <summary>Says in an answer what is left.</summary>
    public static void Write(IHeaderDictionary headers, RateDecision decision)
    {
        if (decision.Policy.Length == 0)
            return;
        headers["RateLimit-Policy"] = string.Create(CultureInfo.InvariantCulture, $"\"{decision.Policy}\";q={decision.Limit};w={WindowSeconds}");
        headers["RateLimit"] = string.Create(CultureInfo.InvariantCulture, $"\"{decision.Policy}\";r={(long)decision.Left};t={(long)Math.Ceiling(decision.FullIn.TotalSeconds)}");
        // What gRPC's own retries go by.
        if (!decision.IsAdmitted)
            headers[PushbackTrailer] = ((long)Math.Ceiling(decision.RetryAfter.TotalMilliseconds)).ToString(CultureInfo.InvariantCulture);
    }

    /// <summary>The refusal.</summary>
    public static PlatformException Refuse(RateDecision decision) => new(StatusCode.ResourceExhausted, "RATE_LIMITED",
        $"More than {decision.Limit:N0} calls a minute ({decision.Policy}); nothing was done. Come back in {Math.Ceiling(decision.RetryAfter.TotalSeconds):N0} s.")
    {
        RetryAfter = decision.RetryAfter,
        Facts = new Dictionary<string, string>
        {
            ["policy"] = decision.Policy,
            ["limit_per_minute"] = decision.Limit.ToString(CultureInfo.InvariantCulture),
        },
    };
}
