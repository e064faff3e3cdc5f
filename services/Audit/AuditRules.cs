using System.Buffers;
using System.Diagnostics;
using System.Text.Json;
using AgentPlatform.Audit.Redaction;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Audit;

/// <summary>What may go into the log, and whose word it is. No I/O.</summary>
public static class AuditRules
{
    public const int BatchMaximumEntries = 1_000;
    public const int RolesMaximum = 16;
    public const int AgentVersionMaximumCharacters = 64;
    public const int PrincipalMaximumCharacters = 256;
    public const int OperationMaximumCharacters = 128;
    public const int ResourceMaximumCharacters = 512;
    public const int ErrorMessageMaximumCharacters = 2_000;
    public const int AuthorizedByMaximumCharacters = 256;
    public const int SessionIdMaximumCharacters = 64;
    public const int CorrelationIdMaximumCharacters = 128;
    public const int SourceAddressMaximumCharacters = 64;
    public const int MetadataMaximumBytes = 16 * 1024;

    /// <summary>What is deeper could be written and not read: parsers of Protobuf's JSON stop at 64 levels, each of ours takes two or three.</summary>
    public const int MetadataMaximumDepth = 16;

    /// <summary>How long an agent may keep an entry before it sends it.</summary>
    public static readonly TimeSpan OldestEntry = TimeSpan.FromDays(30);

    /// <summary>How far an agent's clock may be ahead of ours.</summary>
    public static readonly TimeSpan ClockAhead = TimeSpan.FromMinutes(5);

    private const string AgentAsService = "agent";
    private const string NoId = "00000000-0000-0000-0000-000000000000";
    private const int TraceIdCharacters = 32;
    private static readonly SearchValues<char> OperationCharacters = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789_.-");
    private static readonly SearchValues<char> HexCharacters = SearchValues.Create("0123456789abcdef");

    public static void CheckCount(AppendEntriesRequest request) => new FieldChecks()
        .Require(request.Entries.Count > 0, "entries", "is required")
        .Require(request.Entries.Count <= BatchMaximumEntries, "entries",
            $"has {request.Entries.Count:N0} entries; at most {BatchMaximumEntries:N0} are allowed")
        .ThrowIfAny();

    /// <summary>
    /// Makes an entry that an agent sends the agent's own: who acted is what its token says, never what the entry claims.
    /// An entry of another agent is PERMISSION_DENIED.
    /// </summary>
    public static void Attribute(AuditEntry entry, Caller agent, ServerCallContext context)
    {
        if (entry.AgentId.Length > 0 && entry.AgentId != agent.AgentId)
            throw Errors.PermissionDenied("NOT_YOURS", $"An agent writes entries of its own only; the token is of agent {agent.AgentId}.");
        entry.AgentId = agent.AgentId;
        if (agent.AgentVersion.Length > 0)
            entry.AgentVersion = agent.AgentVersion;
        entry.Principal = agent.Subject;
        entry.Roles.Clear();
        entry.Roles.Add(agent.RoleNames);
        entry.Service = AgentAsService;
        entry.SourceAddress = SourceAddress.Of(context);
        if (entry.CorrelationId.Length == 0)
            entry.CorrelationId = CorrelationId.Of(context);
        if (entry.TraceId.Length == 0)
            entry.TraceId = Activity.Current?.TraceId.ToHexString() ?? "";
    }

    /// <summary>Reads the entries; INVALID_ARGUMENT with all that is wrong with the first bad one.</summary>
    public static IReadOnlyList<AuditRecord> Read(RepeatedField<AuditEntry> entries, Caller caller, DateTimeOffset now, Redactor redactor)
    {
        var records = new AuditRecord[entries.Count];
        // What is wrong with a thousand entries would not fit into the metadata of an answer, so the first bad one it is.
        for (var i = 0; i < entries.Count; i++)
            records[i] = Read(entries[i], $"entries[{i}].", caller, now, redactor);
        return records;
    }

    /// <summary>Reads an entry and replaces what looks like personal data or a secret; INVALID_ARGUMENT with all that is wrong with it.</summary>
    public static AuditRecord Read(AuditEntry entry, string path, Caller caller, DateTimeOffset now, Redactor redactor)
    {
        var checks = new FieldChecks(path);
        checks.Id("event_id", entry.EventId, out var eventId)
            // A sender that forgets to make ids would have all but its first entry dropped as repeats.
            .Require(entry.EventId != NoId, "event_id", "is all zeros")
            .Require(entry.OccurTime is not null, "occur_time", "is required")
            .Time("occur_time", entry.OccurTime, out var occurredAt)
            .WellFormed("agent_version", entry.AgentVersion, AgentVersionMaximumCharacters)
            .WellFormed("principal", entry.Principal, PrincipalMaximumCharacters)
            .Name("service", entry.Service)
            .WellFormed("resource", entry.Resource, ResourceMaximumCharacters, minimum: 1)
            .KnownOrUnspecified("outcome", entry.Outcome)
            .WellFormed("error_message", entry.ErrorMessage, ErrorMessageMaximumCharacters)
            .Require(entry.ExecutionTimeMs >= 0 && double.IsFinite(entry.ExecutionTimeMs), "execution_time_ms", "is not a number of milliseconds")
            .WellFormed("authorized_by", entry.AuthorizedBy, AuthorizedByMaximumCharacters)
            .WellFormed("session_id", entry.SessionId, SessionIdMaximumCharacters)
            .WellFormed("correlation_id", entry.CorrelationId, CorrelationIdMaximumCharacters)
            .WellFormed("source_address", entry.SourceAddress, SourceAddressMaximumCharacters);
        if (MetadataChecks.Check(checks, "metadata", entry.Metadata, MetadataMaximumDepth))
            checks.Json("metadata", entry.Metadata, MetadataMaximumBytes, out _);
        Operation(checks, entry.Operation);
        TraceId(checks, entry.TraceId);
        Roles(checks, entry.Roles);
        if (entry.AgentId.Length > 0)
            checks.DottedName("agent_id", entry.AgentId);
        // Services are exempt: an outbox that waited longer for this service must not wait for ever.
        if (caller.IsAgent && occurredAt is { } time)
            checks.Require(time >= now - OldestEntry && time <= now + ClockAhead, "occur_time", "is more than 30 days ago or 5 minutes ahead");
        checks.ThrowIfAny();

        var resource = redactor.Redact(entry.Resource);
        var error = redactor.Redact(entry.ErrorMessage);
        var metadata = entry.Metadata is { Fields.Count: > 0 } given ? redactor.Redact(given) : new RedactedStruct(new Struct(), RedactionCounts.None);
        var counts = resource.Counts + error.Counts + metadata.Counts;
        return new AuditRecord
        {
            EventId = eventId,
            // Postgres keeps microseconds, and the hash must be of what it keeps.
            OccurredAt = Microseconds(occurredAt.GetValueOrDefault()),
            AgentId = entry.AgentId,
            AgentVersion = entry.AgentVersion,
            Principal = entry.Principal,
            Roles = entry.Roles,
            Service = entry.Service,
            Operation = entry.Operation,
            // A placeholder may be longer than what it stands for.
            Resource = Cut(resource.Text, ResourceMaximumCharacters),
            Outcome = entry.Outcome == Outcome.Unspecified ? Outcome.Ok : entry.Outcome,
            ErrorMessage = Cut(error.Text, ErrorMessageMaximumCharacters),
            // A negative zero has no place in a log.
            ExecutionTimeMs = entry.ExecutionTimeMs + 0.0,
            AuthorizedBy = entry.AuthorizedBy,
            SessionId = entry.SessionId,
            CorrelationId = entry.CorrelationId,
            TraceId = entry.TraceId,
            SourceAddress = entry.SourceAddress,
            Metadata = metadata.Value.Fields.Count == 0 ? AuditRecord.NoJson : JsonFormatter.Default.Format(metadata.Value),
            Redactions = JsonOf(counts),
        };
    }

    /// <summary>Counts by kind as a JSON object.</summary>
    public static string JsonOf(RedactionCounts counts) => counts.Any ? JsonSerializer.Serialize(counts.ByName().ToDictionary()) : AuditRecord.NoJson;

    /// <summary>At most so many characters, with no half of a surrogate pair at the end.</summary>
    public static string Cut(string text, int maximum) =>
        text.Length <= maximum ? text : char.IsHighSurrogate(text[maximum - 1]) ? text[..(maximum - 1)] : text[..maximum];

    /// <summary>1–128 of [a-z0-9_.-].</summary>
    public static void Operation(FieldChecks checks, string operation) => checks
        .Text("operation", operation, OperationMaximumCharacters, minimum: 1)
        .Require(!operation.AsSpan().ContainsAnyExcept(OperationCharacters), "operation", "must be of [a-z0-9_.-]");

    /// <summary>Empty, or 32 lower-case hexadecimal digits.</summary>
    public static void TraceId(FieldChecks checks, string traceId) =>
        checks.Require(traceId.Length == 0 || traceId.Length == TraceIdCharacters && !traceId.AsSpan().ContainsAnyExcept(HexCharacters),
            "trace_id", "must be 32 lower-case hexadecimal digits");

    private static void Roles(FieldChecks checks, RepeatedField<string> roles)
    {
        checks.Require(roles.Count <= RolesMaximum, "roles", $"has {roles.Count:N0} roles; at most {RolesMaximum} are allowed");
        foreach (var role in roles.Take(RolesMaximum))
            checks.Name("roles", role);
    }

    private static DateTimeOffset Microseconds(DateTimeOffset time) => time.AddTicks(-(time.Ticks % TimeSpan.TicksPerMicrosecond));
}
