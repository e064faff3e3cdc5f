using Grpc.Core;

namespace AgentPlatform;

/// <summary>Makes the refusals that more than one service needs; a service's own stand in its <c>…Rules</c>.</summary>
public static class Errors
{
    public const string InvalidFieldReason = "INVALID_FIELD";

    public static PlatformException InvalidArgument(string field, string description) =>
        InvalidArgument([new FieldViolation(field, description)]);

    public static PlatformException InvalidArgument(IReadOnlyList<FieldViolation> fields, string reason = InvalidFieldReason) =>
        new(StatusCode.InvalidArgument, reason, string.Join("; ", fields.Select(f => $"{f.Field} {f.Description}"))) { Fields = fields };

    public static PlatformException NotFound(string reason, string message) => new(StatusCode.NotFound, reason, message);

    public static PlatformException FailedPrecondition(string reason, string message) => new(StatusCode.FailedPrecondition, reason, message);

    public static PlatformException AlreadyExists(string reason, string message) => new(StatusCode.AlreadyExists, reason, message);

    public static PlatformException PermissionDenied(string reason, string message) => new(StatusCode.PermissionDenied, reason, message);

    public static PlatformException Unauthenticated(string reason, string message) => new(StatusCode.Unauthenticated, reason, message);

    /// <summary>Somebody else changed the resource between the caller's reading and this call.</summary>
    public static PlatformException ConcurrentUpdate(string resource) =>
        new(StatusCode.Aborted, "CONCURRENT_UPDATE", $"{resource} was changed by somebody else; read it again and decide anew.");

    /// <summary>A server behind us does not answer; nothing was changed.</summary>
    public static PlatformException Unavailable(string what, Exception inner) =>
        new(StatusCode.Unavailable, "DEPENDENCY_UNAVAILABLE", $"{what} does not answer; try again.", inner) { RetryAfter = TimeSpan.FromSeconds(1) };
}
