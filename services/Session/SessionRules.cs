using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using static AgentPlatform.Contracts.Session.V1.SessionStatus;

namespace AgentPlatform.Sessions;

/// <summary>What a session may be and where it may go. No I/O.</summary>
public static class SessionRules
{
    public const int TaskMaximumCharacters = 2_000;
    public const int ReasonMaximumCharacters = 1_000;
    public const int MetadataMaximumBytes = 64 * 1024;

    public static bool IsEnded(SessionStatus status) => status is Completed or Failed or Cancelled or Expired;

    public static bool IsLegal(SessionStatus from, SessionStatus to) => (from, to) switch
    {
        (Pending, Active or Cancelled or Expired) => true,
        (Active, Completed or Failed or Cancelled or Expired) => true,
        _ => false, // ended sessions never move again
    };

    public static void CheckStep(SessionRecord session, SessionStatus to)
    {
        if (IsLegal(session.Status, to))
            return;
        throw new PlatformException(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION",
            $"A session that is {Name(session.Status)} cannot become {Name(to)}.")
        {
            Facts = new Dictionary<string, string> { ["from"] = Name(session.Status), ["to"] = Name(to) },
        };
    }

    /// <summary>To an agent, another's session is as if it were not there.</summary>
    public static SessionRecord Visible(SessionRecord? session, Guid id, Caller caller) =>
        session is not null && caller.MaySee(session.AgentId) ? session
            : throw Errors.NotFound("SESSION_NOT_FOUND", $"There is no session {id}.");

    public static void Check(CreateSessionRequest request, out string metadata)
    {
        var checks = new FieldChecks()
            .Name("role", request.Role)
            .Text("task", request.Task, TaskMaximumCharacters)
            .Json("metadata", request.Metadata, MetadataMaximumBytes, out metadata);
        if (request.AgentId.Length > 0)
            checks.DottedName("agent_id", request.AgentId);
        checks.ThrowIfAny();
    }

    public static void Check(ListSessionsRequest request)
    {
        var checks = new FieldChecks().KnownOrUnspecified("status", request.Status);
        if (request.Role.Length > 0)
            checks.Name("role", request.Role);
        if (request.AgentId.Length > 0)
            checks.DottedName("agent_id", request.AgentId);
        checks.ThrowIfAny();
    }

    public static void Check(TransitionSessionRequest request, out Guid id) => new FieldChecks()
        .Id("id", request.Id, out id)
        .Known("status", request.Status)
        .Require(request.Version >= 0, "version", "is negative")
        .Text("reason", request.Reason, ReasonMaximumCharacters)
        .ThrowIfAny();

    public static void Check(SetLegalHoldRequest request, out Guid id) => new FieldChecks()
        .Id("id", request.Id, out id)
        .Text("reason", request.Reason, ReasonMaximumCharacters, minimum: 1)
        .ThrowIfAny();

    private static string Name(SessionStatus status) => status.ToString().ToUpperInvariant();
}
