using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using static AgentPlatform.Contracts.Session.V1.SessionStatus;

namespace AgentPlatform.Sessions;

/// <summary>What a session may be and where it may go. No I/O.</summary>
public static class SessionRules
{
    public const int TaskMaximumCharacters = 2_000;
    public const int ReasonMaximumCharacters = 1_000;
    public const int SubjectIdMaximumCharacters = 256;
    public const int MetadataMaximumBytes = 64 * 1024;
    public const int MetadataContainsMaximumCharacters = 4_096;

    public static readonly TimeSpan TtlMinimum = TimeSpan.FromSeconds(1);
    public static readonly TimeSpan TtlMaximum = TimeSpan.FromDays(366);

    private static readonly string[] Changeable = ["task", "profile", "metadata", LegalHold];
    private const string LegalHold = "legal_hold";

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
            $"A session that is {NameOf(session.Status)} cannot become {NameOf(to)}.")
        {
            Facts = new Dictionary<string, string> { ["from"] = NameOf(session.Status), ["to"] = NameOf(to) },
        };
    }

    public static void Check(CreateSessionRequest request, out string metadata)
    {
        var checks = new FieldChecks()
            .Name("role", request.Role)
            .Text("task", request.Task, TaskMaximumCharacters)
            .Json("metadata", request.Metadata, MetadataMaximumBytes, out metadata)
            .Require(request.Ttl is null || IsTtl(request.Ttl), "ttl", "is not from a second to 366 days");
        if (request.AgentId.Length > 0)
            checks.DottedName("agent_id", request.AgentId);
        if (request.Profile.Length > 0)
            checks.Name("profile", request.Profile);
        if (request.Subject is { } subject)
            checks.Name("subject.type", subject.Type).Text("subject.id", subject.Id, SubjectIdMaximumCharacters, minimum: 1);
        checks.ThrowIfAny();
    }

    public static SessionFilter Read(ListSessionsRequest request, Caller caller)
    {
        var checks = new FieldChecks()
            .KnownOrUnspecified("status", request.Status)
            .Text("subject_id", request.SubjectId, SubjectIdMaximumCharacters)
            .Require(request.SubjectId.Length == 0 || request.SubjectType.Length > 0, "subject_id", "goes with subject_type")
            .Time("start_time", request.StartTime, out var startAt)
            .Time("end_time", request.EndTime, out var endAt)
            .Require(startAt is null || endAt is null || startAt < endAt, "end_time", "is not after start_time");
        if (request.Role.Length > 0)
            checks.Name("role", request.Role);
        if (request.AgentId.Length > 0)
            checks.DottedName("agent_id", request.AgentId);
        if (request.SubjectType.Length > 0)
            checks.Name("subject_type", request.SubjectType);
        var metadata = MetadataContains(checks, request.MetadataContains);
        checks.ThrowIfAny();
        return new SessionFilter
        {
            Status = request.Status,
            Role = request.Role,
            AgentId = caller.NarrowTo(request.AgentId),
            SubjectType = request.SubjectType,
            SubjectId = request.SubjectId,
            StartAt = startAt,
            EndAt = endAt,
            MetadataContains = metadata,
        };
    }

    public static void Check(TransitionSessionRequest request, out Guid id) => new FieldChecks()
        .Id("id", request.Id, out id)
        .Known("status", request.Status)
        .Require(request.Version >= 0, "version", "is negative")
        .Text("reason", request.Reason, ReasonMaximumCharacters)
        .ThrowIfAny();

    public static void Check(UpdateSessionRequest request, Caller caller, out Guid id, out string metadata)
    {
        var checks = new FieldChecks()
            .Id("id", request.Id, out id)
            .Require(request.UpdateMask is { Paths.Count: > 0 }, "update_mask", "is required")
            .Require(request.UpdateMask is null || request.UpdateMask.Paths.All(Changeable.Contains), "update_mask", $"may name {string.Join(", ", Changeable)} alone")
            .Require(request.Version >= 0, "version", "is negative")
            .Text("task", request.Task, TaskMaximumCharacters)
            .Json("metadata", request.Metadata, MetadataMaximumBytes, out metadata);
        if (request.Profile.Length > 0)
            checks.Name("profile", request.Profile);
        checks.ThrowIfAny();
        if (caller.IsAgent && request.UpdateMask!.Paths.Contains(LegalHold))
            throw Errors.PermissionDenied("LEGAL_HOLD_NOT_YOURS", "A legal hold is for people to set and to lift.");
    }

    /// <summary>The session with what the mask names taken over.</summary>
    public static SessionRecord Apply(SessionRecord session, UpdateSessionRequest request, string metadata)
    {
        var mask = request.UpdateMask.Paths;
        if (session.IsEnded && mask.Any(path => path != LegalHold))
            throw Ended(session.Id, session.Status);
        return session with
        {
            Task = mask.Contains("task") ? request.Task : session.Task,
            Profile = mask.Contains("profile") ? request.Profile : session.Profile,
            Metadata = mask.Contains("metadata") ? metadata : session.Metadata,
            LegalHold = mask.Contains(LegalHold) ? request.LegalHold : session.LegalHold,
        };
    }

    /// <summary>The session if it is there and this caller's to see: to an agent, another's is as if it were not there.</summary>
    public static SessionRecord Visible(SessionRecord? session, Guid id, Caller caller) =>
        session is not null && caller.MaySee(session.AgentId) ? session : throw NotFound(id);

    /// <summary>Whether something may still be asked for in this session.</summary>
    public static SessionRecord CheckOpen(SessionRecord session) => session.IsEnded ? throw Ended(session.Id, session.Status) : session;

    /// <summary>Zero takes whatever version there is.</summary>
    public static void CheckVersion(SessionRecord session, long expected)
    {
        if (expected != 0 && expected != session.Version)
            throw ConcurrentUpdate(session.Id);
    }

    public static PlatformException ConcurrentUpdate(Guid id) => Errors.ConcurrentUpdate($"Session {id}");

    public static PlatformException NotFound(Guid id) => Errors.NotFound("SESSION_NOT_FOUND", $"There is no session {id}.");

    public static PlatformException Ended(Guid id, SessionStatus status) =>
        Errors.FailedPrecondition("SESSION_ENDED", $"Session {id} has ended: it is {NameOf(status)}.");

    /// <summary>What watchers of a session listen to.</summary>
    public static string TopicOf(Guid id) => $"session/{id}";

    /// <summary>A state as contracts and messages write it.</summary>
    public static string NameOf(SessionStatus status) => status.ToString().ToUpperInvariant();

    private static bool IsTtl(Duration ttl) =>
        ttl.Seconds >= TtlMinimum.TotalSeconds && ttl.Seconds <= TtlMaximum.TotalSeconds && ttl.Nanos is >= 0 and < 1_000_000_000;

    // Text, since a query string has no objects; through a Struct, so that it has the limits of metadata and nothing that jsonb would choke on.
    private static string MetadataContains(FieldChecks checks, string json)
    {
        if (json.Length == 0)
            return "";
        checks.Text("metadata_contains", json, MetadataContainsMaximumCharacters);
        try
        {
            checks.Json("metadata_contains", Struct.Parser.ParseJson(json), MetadataMaximumBytes, out var read);
            return read;
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException or FormatException)
        {
            checks.Require(false, "metadata_contains", "is not a JSON object");
            return "";
        }
    }
}
