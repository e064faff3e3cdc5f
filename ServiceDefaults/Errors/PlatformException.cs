using Grpc.Core;

namespace AgentPlatform;

/// <summary>
/// The one exception by which code refuses a call. Everything in it is meant for the caller's eyes; what only the log may
/// see goes into the inner exception. <see cref="Errors"/> makes them.
/// </summary>
public sealed class PlatformException(StatusCode code, string reason, string message, Exception? inner = null)
    : Exception(message, inner)
{
    /// <summary>The gRPC status code.</summary>
    public StatusCode Code { get; } = code;

    /// <summary>Stable, machine-readable, UPPER_SNAKE_CASE; unique for what happened.</summary>
    public string Reason { get; } = reason;

    /// <summary>The fields that are wrong, for INVALID_ARGUMENT.</summary>
    public IReadOnlyList<FieldViolation> Fields { get; init; } = [];

    /// <summary>Facts beside the reason, for example both states of an illegal step.</summary>
    public IReadOnlyDictionary<string, string> Facts { get; init; } = new Dictionary<string, string>();

    /// <summary>When a repeat may succeed; null when the caller need not wait or a repeat is useless.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
