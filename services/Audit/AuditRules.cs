using System.Buffers;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf.Collections;

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
    public const int CorrelationIdMaximumCharacters = 128;
    public const int MetadataMaximumBytes = 16 * 1024;

    /// <summary>How long an agent may keep an entry before it sends it.</summary>
    public static readonly TimeSpan OldestEntry = TimeSpan.FromDays(30);

    /// <summary>How far an agent's clock may be ahead of ours.</summary>
    public static readonly TimeSpan ClockAhead = TimeSpan.FromMinutes(5);

    private const string AgentAsService = "agent";
    private const string AnyOfNoun = ".*";
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
    /// Makes entries that an agent sends the agent's own: who acted is what its token says, never what the entry claims.
    /// An entry of another agent is PERMISSION_DENIED.
    /// </summary>
    public static void Attribute(RepeatedField<AuditEntry> entries, Caller agent, string correlationId, string traceId)
    {
        foreach (var entry in entries)
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
            if (entry.CorrelationId.Length == 0)
                entry.CorrelationId = correlationId;
            if (entry.TraceId.Length == 0)
                entry.TraceId = traceId;
        }
    }

    /// <summary>Reads the entries; INVALID_ARGUMENT with all that is wrong with the first bad one.</summary>
    public static IReadOnlyList<AuditRecord> Read(RepeatedField<AuditEntry> entries, Caller caller, DateTimeOffset now)
    {
        var records = new List<AuditRecord>(entries.Count);
        for (var i = 0; i < entries.Count; i++)
        {
            // What is wrong with a thousand entries would not fit into the metadata of an answer, so the first bad one it is.
            var checks = new FieldChecks($"entries[{i}].");
            records.Add(Read(entries[i], checks, caller, now));
            checks.ThrowIfAny();
        }
        return records;
    }

    /// <summary>Reads a list's filters; an agent's are narrowed to itself.</summary>
    public static AuditFilter Read(ListEntriesRequest request, Caller caller)
    {
        var agentId = caller.NarrowTo(request.AgentId);
        var anyOfNoun = request.Operation.EndsWith(AnyOfNoun, StringComparison.Ordinal);
        // The dot stays: "costing.*" is not to find "costings.decide".
        var operation = anyOfNoun ? request.Operation[..^1] : request.Operation;
        var checks = new FieldChecks()
            .Text("resource_prefix", request.ResourcePrefix, ResourceMaximumCharacters)
            .Text("correlation_id", request.CorrelationId, CorrelationIdMaximumCharacters)
            .Time("start_time", request.StartTime, out var startAt)
            .Time("end_time", request.EndTime, out var endAt)
            .KnownOrUnspecified("outcome", request.Outcome);
        if (request.AgentId.Length > 0)
            checks.DottedName("agent_id", request.AgentId);
        if (request.Operation.Length > 0)
            Operation(checks, operation);
        checks.Require(request.Operation != AnyOfNoun, "operation", "names no noun");
        TraceId(checks, request.TraceId);
        checks.Require(startAt is null || endAt is null || startAt < endAt, "end_time", "is not after start_time").ThrowIfAny();

        return new AuditFilter(agentId, anyOfNoun ? "" : operation, anyOfNoun ? operation : "", request.ResourcePrefix,
            request.CorrelationId, request.TraceId, startAt, endAt, request.Outcome);
    }

    private static AuditRecord Read(AuditEntry entry, FieldChecks checks, Caller caller, DateTimeOffset now)
    {
        checks.Id("event_id", entry.EventId, out var eventId)
            // A sender that forgets to make ids would have all but its first entry dropped as repeats.
            .Require(entry.EventId != NoId, "event_id", "is all zeros")
            .Require(entry.OccurTime is not null, "occur_time", "is required")
            .Time("occur_time", entry.OccurTime, out var occurredAt)
            .Text("agent_version", entry.AgentVersion, AgentVersionMaximumCharacters)
            .Text("principal", entry.Principal, PrincipalMaximumCharacters)
            .Name("service", entry.Service)
            .Text("resource", entry.Resource, ResourceMaximumCharacters, minimum: 1)
            .KnownOrUnspecified("outcome", entry.Outcome)
            .Text("error_message", entry.ErrorMessage, ErrorMessageMaximumCharacters)
            .Require(entry.ExecutionTimeMs >= 0 && double.IsFinite(entry.ExecutionTimeMs), "execution_time_ms", "is not a number of milliseconds")
            .Text("authorized_by", entry.AuthorizedBy, AuthorizedByMaximumCharacters)
            .Text("correlation_id", entry.CorrelationId, CorrelationIdMaximumCharacters)
            .Json("metadata", entry.Metadata, MetadataMaximumBytes, out var metadata);
        Operation(checks, entry.Operation);
        TraceId(checks, entry.TraceId);
        Roles(checks, entry.Roles);
        if (entry.AgentId.Length > 0)
            checks.DottedName("agent_id", entry.AgentId);
        // Services are exempt: an outbox that waited longer for this service must not wait for ever.
        if (caller.IsAgent && occurredAt is { } time)
            checks.Require(time >= now - OldestEntry && time <= now + ClockAhead, "occur_time", "is more than 30 days ago or 5 minutes ahead");

        return new AuditRecord(0, eventId, occurredAt.GetValueOrDefault(), now, entry.AgentId, entry.AgentVersion, entry.Principal,
            entry.Roles, entry.Service, entry.Operation, entry.Resource, entry.Outcome == Outcome.Unspecified ? Outcome.Ok : entry.Outcome,
            entry.ErrorMessage, entry.ExecutionTimeMs, entry.AuthorizedBy, entry.CorrelationId, entry.TraceId, metadata);
    }

    private static void Operation(FieldChecks checks, string operation) => checks
        .Text("operation", operation, OperationMaximumCharacters, minimum: 1)
        .Require(!operation.AsSpan().ContainsAnyExcept(OperationCharacters), "operation", "must be of [a-z0-9_.-]");

    private static void TraceId(FieldChecks checks, string traceId) =>
        checks.Require(traceId.Length == 0 || traceId.Length == TraceIdCharacters && !traceId.AsSpan().ContainsAnyExcept(HexCharacters),
            "trace_id", "must be 32 lower-case hexadecimal digits");

    private static void Roles(FieldChecks checks, RepeatedField<string> roles)
    {
        checks.Require(roles.Count <= RolesMaximum, "roles", $"has {roles.Count:N0} roles; at most {RolesMaximum} are allowed");
        foreach (var role in roles.Take(RolesMaximum))
            checks.Name("roles", role);
    }
}
