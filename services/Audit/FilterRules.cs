using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Audit;

/// <summary>What lists, tails and metrics may be asked for. An agent's questions are narrowed to itself. No I/O.</summary>
public static class FilterRules
{
    public const int MetadataContainsMaximumCharacters = 4_096;
    public const int MetricsMaximumRows = 1_000;

    private const string AnyOfNoun = ".*";
    private static readonly TimeSpan MetricsDefault = TimeSpan.FromDays(1);
    private static readonly TimeSpan MetricsMaximum = TimeSpan.FromDays(366);
    private static readonly TimeSpan WindowMinimum = TimeSpan.FromSeconds(1);

    /// <summary>Reads a list's filters.</summary>
    public static AuditFilter Read(ListEntriesRequest request, Caller caller)
    {
        var checks = new FieldChecks();
        var (operation, prefix) = Operation(checks, request.Operation);
        checks.WellFormed("resource_prefix", request.ResourcePrefix, AuditRules.ResourceMaximumCharacters)
            .WellFormed("authorized_by", request.AuthorizedBy, AuditRules.AuthorizedByMaximumCharacters)
            .WellFormed("session_id", request.SessionId, AuditRules.SessionIdMaximumCharacters)
            .WellFormed("correlation_id", request.CorrelationId, AuditRules.CorrelationIdMaximumCharacters)
            .Time("start_time", request.StartTime, out var startAt)
            .Time("end_time", request.EndTime, out var endAt)
            .KnownOrUnspecified("outcome", request.Outcome)
            .KnownOrUnspecified("order", request.Order);
        AuditRules.TraceId(checks, request.TraceId);
        var agentId = Agent(checks, request.AgentId, caller);
        var metadata = Metadata(checks, request.MetadataContains);
        checks.Require(startAt is null || endAt is null || startAt < endAt, "end_time", "is not after start_time").ThrowIfAny();

        return new AuditFilter
        {
            AgentId = agentId,
            Operation = operation,
            OperationPrefix = prefix,
            ResourcePrefix = request.ResourcePrefix,
            AuthorizedBy = request.AuthorizedBy,
            SessionId = request.SessionId,
            CorrelationId = request.CorrelationId,
            TraceId = request.TraceId,
            StartAt = startAt,
            EndAt = endAt,
            Outcome = request.Outcome,
            MetadataContains = metadata,
            OldestFirst = request.Order == Order.OldestFirst,
        };
    }

    /// <summary>Reads a tail's filters and where it begins: a position for each shard, null for now.</summary>
    public static (AuditFilter Filter, ShardPositions? After) Read(TailEntriesRequest request, Caller caller)
    {
        var checks = new FieldChecks();
        var (operation, prefix) = Operation(checks, request.Operation);
        var agentId = Agent(checks, request.AgentId, caller);
        ShardPositions? after = request.FromBeginning ? new ShardPositions() : null;
        if (request.ResumeToken.Length > 0)
            checks.Require(ShardPositions.TryParse(request.ResumeToken, out after), "resume_token", "is not a token that this stream gave")
                .Require(!request.FromBeginning, "from_beginning", "goes with no resume_token");
        checks.ThrowIfAny();
        return (new AuditFilter { AgentId = agentId, Operation = operation, OperationPrefix = prefix }, after);
    }

    /// <summary>Reads which times to count.</summary>
    public static (AuditFilter Filter, TimeSpan Window) Read(GetPerformanceMetricsRequest request, Caller caller, DateTimeOffset now)
    {
        var checks = new FieldChecks();
        var (operation, prefix) = Operation(checks, request.Operation);
        var agentId = Agent(checks, request.AgentId, caller);
        checks.Time("start_time", request.StartTime, out var startAt).Time("end_time", request.EndTime, out var endAt).ThrowIfAny();
        var end = endAt ?? now;
        var start = startAt ?? (end - DateTimeOffset.MinValue > MetricsDefault ? end - MetricsDefault : DateTimeOffset.MinValue);
        checks.Require(start < end, "end_time", "is not after start_time")
            .Require(end - start <= MetricsMaximum, "start_time", "is more than 366 days before end_time").ThrowIfAny();
        var window = Window(checks, request.Window, end - start);
        checks.ThrowIfAny();
        return (new AuditFilter { AgentId = agentId, Operation = operation, OperationPrefix = prefix, StartAt = start, EndAt = end }, window);
    }

    private static TimeSpan Window(FieldChecks checks, Duration? window, TimeSpan all)
    {
        if (window is null)
            return all;
        var holds = window.Seconds >= WindowMinimum.TotalSeconds && window.Seconds <= MetricsMaximum.TotalSeconds && window.Nanos is >= 0 and < 1_000_000_000;
        checks.Require(holds, "window", "is not from a second to 366 days");
        return holds ? window.ToTimeSpan() : all;
    }

    private static string Agent(FieldChecks checks, string agentId, Caller caller)
    {
        if (agentId.Length > 0)
            checks.DottedName("agent_id", agentId);
        return caller.NarrowTo(agentId);
    }

    // The dot stays in the prefix: "costing.*" is not to find "costings.decide".
    private static (string Operation, string Prefix) Operation(FieldChecks checks, string given)
    {
        var anyOfNoun = given.EndsWith(AnyOfNoun, StringComparison.Ordinal);
        var operation = anyOfNoun ? given[..^1] : given;
        if (given.Length > 0)
            AuditRules.Operation(checks, operation);
        checks.Require(given != AnyOfNoun, "operation", "names no noun");
        return anyOfNoun ? ("", operation) : (operation, "");
    }

    // Through a Struct, so that it has the limits of metadata and nothing that jsonb would choke on.
    private static string Metadata(FieldChecks checks, string json)
    {
        if (json.Length == 0)
            return "";
        checks.WellFormed("metadata_contains", json, MetadataContainsMaximumCharacters);
        try
        {
            var value = Struct.Parser.ParseJson(json);
            if (!MetadataChecks.Check(checks, "metadata_contains", value, AuditRules.MetadataMaximumDepth))
                return "";
            checks.Json("metadata_contains", value, AuditRules.MetadataMaximumBytes, out var read);
            return read;
        }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException or FormatException)
        {
            checks.Require(false, "metadata_contains", "is not a JSON object");
            return "";
        }
    }
}
