using System.Globalization;
using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using static AgentPlatform.Contracts.Session.V1.ApprovalStatus;

namespace AgentPlatform.Sessions;

/// <summary>What an approval may be, who may decide and use it, and when. No I/O.</summary>
public static class ApprovalRules
{
    public const int ReasonMaximumCharacters = 2_000;
    public const int NotesMaximumCharacters = 1_000;
    public const int ArgumentsMaximumBytes = 256 * 1024;
    public const int BatchMaximumDecisions = 100;
    private const int DigestCharacters = 64;
    private static readonly TimeSpan ExpiresInUnlessGiven = TimeSpan.FromHours(1);
    private static readonly TimeSpan LongestExpiresIn = TimeSpan.FromDays(30);

    public static void Check(RequestApprovalRequest request, out Guid? sessionId, out Guid? taskId, out string arguments, out TimeSpan expiresIn)
    {
        var given = request.ExpiresIn ?? Duration.FromTimeSpan(ExpiresInUnlessGiven);
        var inRange = given.Seconds >= 1 && given.Seconds <= (long)LongestExpiresIn.TotalSeconds && given.Nanos is >= 0 and < 1_000_000_000;
        var checks = new FieldChecks()
            .Require(IsApprover(request.ApproverRole), "approver_role", "must be OPERATOR or SUPERUSER")
            .DottedName("action", request.Action)
            .Json("arguments", request.Arguments, ArgumentsMaximumBytes, out arguments)
            .Text("reason", request.Reason, ReasonMaximumCharacters, minimum: 1)
            .Require(inRange, "expires_in", "must be 1 second to 30 days")
            .KnownOrUnspecified("on_expiry", request.OnExpiry)
            .Require(request.OnExpiry != OnExpiry.Escalate || IsApprover(request.EscalateTo), "escalate_to", "must be OPERATOR or SUPERUSER with ESCALATE")
            .Require(request.OnExpiry == OnExpiry.Escalate || request.EscalateTo == Role.Unspecified, "escalate_to", "goes with ESCALATE alone")
            .OptionalId("session_id", request.SessionId, out sessionId)
            .OptionalId("task_id", request.TaskId, out taskId)
            .Require(sessionId is null || taskId is null, "task_id", "does not go with session_id: the task's session is taken");
        checks.ThrowIfAny();
        expiresIn = given.ToTimeSpan();
    }

    public static void Check(DecideApprovalRequest request, out Guid id) => Check(request, "", out id).ThrowIfAny();

    public static void Check(BatchDecideApprovalsRequest request, out Guid[] ids)
    {
        ids = new Guid[request.Decisions.Count];
        new FieldChecks()
            .Require(ids.Length is > 0 and <= BatchMaximumDecisions, "decisions", $"has {ids.Length:N0}; 1–{BatchMaximumDecisions} are allowed").ThrowIfAny();
        for (var i = 0; i < ids.Length; i++)
            Check(request.Decisions[i], $"decisions[{i}].", out ids[i]).ThrowIfAny();
        new FieldChecks().Require(ids.Distinct().Count() == ids.Length, "decisions", "names an approval twice").ThrowIfAny();
    }

    public static void Check(ConsumeApprovalRequest request, out Guid id) => new FieldChecks()
        .Id("id", request.Id, out id)
        .DottedName("action", request.Action)
        .Json("arguments", request.Arguments, ArgumentsMaximumBytes, out _)
        .ThrowIfAny();

    public static void Check(ListApprovalsRequest request, out Guid? sessionId, out Guid? taskId)
    {
        var checks = new FieldChecks()
            .KnownOrUnspecified("status", request.Status)
            .OptionalId("session_id", request.SessionId, out sessionId)
            .OptionalId("task_id", request.TaskId, out taskId);
        if (request.AgentId.Length > 0)
            checks.DottedName("agent_id", request.AgentId);
        if (request.Action.Length > 0)
            checks.DottedName("action", request.Action);
        checks.ThrowIfAny();
    }

    /// <summary>Whether the caller may decide this, now, having seen that digest. Who may not is told so before how it stands.</summary>
    public static void CheckDecision(ApprovalRecord approval, string digest, Caller caller, DateTimeOffset now, bool allowSelfDecision)
    {
        if (!caller.Roles.Contains(approval.ApproverRole) && !caller.Roles.Contains(Role.Superuser))
            throw Errors.PermissionDenied("NOT_THE_APPROVER", $"It takes the role {Caller.NameOf(approval.ApproverRole)} to decide this.");
        if (caller.Subject == approval.RequestedBy && !allowSelfDecision)
            throw Errors.PermissionDenied("REQUESTER_MAY_NOT_DECIDE", "Who asked for an approval does not decide it.");
        if (approval.DecidedAt is { } at)
            throw new PlatformException(StatusCode.FailedPrecondition, "ALREADY_DECIDED",
                $"{approval.DecidedBy} decided this at {at.ToString("u", CultureInfo.InvariantCulture)}; it is {Name(approval.Status)}.")
            {
                Facts = new Dictionary<string, string> { ["decided_by"] = approval.DecidedBy, ["status"] = Name(approval.Status) },
            };
        CheckInTime(approval, now);
        CheckDigest(approval, digest);
    }

    /// <summary>Whether the caller may act now, on just these arguments.</summary>
    public static void CheckUse(ApprovalRecord approval, string digest, Caller caller, DateTimeOffset now)
    {
        if (caller.Subject != approval.RequestedBy)
            throw Errors.PermissionDenied("NOT_THE_REQUESTER", "Only who asked for an approval uses it.");
        if (approval.Status == ApprovalConsumed)
            throw Errors.FailedPrecondition("ALREADY_CONSUMED", $"It was used at {approval.ConsumedAt!.Value.ToString("u", CultureInfo.InvariantCulture)}, and is good for once.");
        if (approval.Status is ApprovalPending or ApprovalApproved)
            CheckInTime(approval, now);
        if (approval.Status == ApprovalExpired)
            throw Expired();
        if (approval.Status != ApprovalApproved)
            throw new PlatformException(StatusCode.FailedPrecondition, "NOT_APPROVED", $"The approval is {Name(approval.Status)}.")
            {
                Facts = new Dictionary<string, string> { ["status"] = Name(approval.Status) },
            };
        CheckDigest(approval, digest);
    }

    /// <summary>To an agent, another's approval is as if it were not there.</summary>
    public static ApprovalRecord Visible(ApprovalRecord? approval, Guid id, Caller caller) =>
        approval is not null && caller.MaySee(approval.AgentId) ? approval : throw Errors.NotFound("APPROVAL_NOT_FOUND", $"There is no approval {id}.");

    /// <summary>What watchers of an approval listen to.</summary>
    public static string TopicOf(Guid id) => $"approval/{id}";

    /// <summary>The state as people read it.</summary>
    public static string Name(ApprovalStatus status) => status.ToString()["Approval".Length..].ToUpperInvariant();

    private static FieldChecks Check(DecideApprovalRequest request, string path, out Guid id) => new FieldChecks(path)
        .Id("id", request.Id, out id)
        .Known("decision", request.Decision)
        .Require(request.Digest.Length == DigestCharacters && request.Digest.All(char.IsAsciiHexDigitLower), "digest", "must be 64 lower-case hexadecimal digits")
        .Text("notes", request.Notes, NotesMaximumCharacters);

    // By the clock, not by the sweep, which may be a moment late.
    private static void CheckInTime(ApprovalRecord approval, DateTimeOffset now)
    {
        if (approval.Status == ApprovalExpired || now >= approval.ExpiresAt)
            throw Expired();
    }

    private static void CheckDigest(ApprovalRecord approval, string digest)
    {
        if (digest != approval.Digest)
            throw new PlatformException(StatusCode.FailedPrecondition, "DIGEST_MISMATCH", "This is not what the approval was asked for; look at it again.")
            {
                Facts = new Dictionary<string, string> { ["digest"] = approval.Digest },
            };
    }

    private static PlatformException Expired() => Errors.FailedPrecondition("APPROVAL_EXPIRED", "The time to decide and use it has passed; ask anew.");

    private static bool IsApprover(Role role) => role is Role.Operator or Role.Superuser;
}
