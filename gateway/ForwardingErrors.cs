using Grpc.Core;
using Yarp.ReverseProxy.Forwarder;

namespace AgentPlatform.Gateway;

/// <summary>Says in gRPC's words why a call could not be forwarded, to a caller that is still there. No I/O.</summary>
public static class ForwardingErrors
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>
    /// The refusal for a failed forwarding to <paramref name="service"/>. UNAVAILABLE makes clients send the call again by themselves, so
    /// it is said only when nothing was done, or when the call <paramref name="isRepeatable"/>.
    /// </summary>
    public static PlatformException Explain(IForwarderErrorFeature failure, string service, bool isRepeatable) => failure.Error switch
    {
        ForwarderError.NoAvailableDestinations => Unreachable(service, failure.Exception),
        _ when NeverConnected(failure.Exception) => Unreachable(service, failure.Exception),
        ForwarderError.RequestTimedOut or ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.ResponseBodyCanceled =>
            new(StatusCode.DeadlineExceeded, "DEADLINE_EXCEEDED", $"The service {service} was silent for too long.", failure.Exception),
        _ when isRepeatable => new(StatusCode.Unavailable, "SERVICE_CONNECTION_LOST", $"The connection to the service {service} broke; send the call again as it was.", failure.Exception)
        {
            RetryAfter = RetryAfter,
        },
        _ => new(StatusCode.Aborted, "OUTCOME_UNKNOWN",
            $"The connection to the service {service} broke; whether the call took effect is not known. Look, or send calls with an idempotency key.", failure.Exception),
    };

    private static PlatformException Unreachable(string service, Exception? exception) =>
        new(StatusCode.Unavailable, "SERVICE_UNAVAILABLE", $"The service {service} does not answer; nothing was done. Try again.", exception)
        {
            RetryAfter = RetryAfter,
        };

    /// <summary>Whether it failed before there was a connection, and so has certainly had no effect.</summary>
    // A connection that takes too long ends as a cancellation with a timeout inside; a call that takes too long has none inside.
    public static bool NeverConnected(Exception? exception) => exception switch
    {
        HttpRequestException http => http.HttpRequestError is
            HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError,
        OperationCanceledException { InnerException: TimeoutException } => true,
        AggregateException all => all.InnerExceptions.Any(NeverConnected), // with what befell the request's body
        _ => false,
    };
}
