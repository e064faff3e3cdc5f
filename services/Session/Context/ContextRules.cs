using System.Text;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Sessions;

/// <summary>How a live context changes, and what it may hold. No I/O.</summary>
public static class ContextRules
{
    public const int DocumentMaximumBytes = 64 * 1024;
    public const int CountersMaximum = 100;

    public static void Check(UpdateContextRequest request, out Guid sessionId)
    {
        var checks = new FieldChecks()
            .Id("session_id", request.SessionId, out sessionId)
            .Json("merge_patch", request.MergePatch, DocumentMaximumBytes, out _)
            .Require(request.MergePatch is not null || request.Increments.Count > 0, "merge_patch", "or increments are required")
            .Require(request.Increments.Count <= CountersMaximum, "increments", $"has {request.Increments.Count:N0} counters; at most {CountersMaximum} are allowed")
            .Require(!request.Increments.ContainsKey(ContextRecord.EventsCounter), "increments", $"names {ContextRecord.EventsCounter}, which counts the session's events by itself")
            .Require(request.ExpectedVersion >= 0, "expected_version", "is negative");
        foreach (var name in request.Increments.Keys.Take(CountersMaximum))
            checks.DottedName("increments", name);
        checks.ThrowIfAny();
    }

    /// <summary>The context if its session is there and this caller's to see.</summary>
    public static ContextRecord Visible(ContextRecord? context, Guid sessionId, Caller caller) =>
        context is not null && caller.MaySee(context.AgentId) ? context : throw SessionRules.NotFound(sessionId);

    /// <summary>The context after the change; refused when the caller saw another version, or when it would not fit.</summary>
    public static ContextRecord Apply(ContextRecord present, UpdateContextRequest request, DateTimeOffset now)
    {
        if (SessionRules.IsEnded(present.Status))
            throw SessionRules.Ended(present.SessionId, present.Status);
        if (request.HasExpectedVersion && request.ExpectedVersion != present.Version)
            throw Errors.ConcurrentUpdate($"The context of session {present.SessionId}");
        return present with
        {
            Document = request.MergePatch is null ? present.Document : Merged(present, request.MergePatch),
            Counters = request.Increments.Count == 0 ? present.Counters : Added(present.Counters, request.Increments),
            Version = present.Version + 1,
            UpdatedAt = now,
        };
    }

    /// <summary>A JSON Merge Patch, RFC 7396: what is an object on both sides is merged, null removes, all else replaces.</summary>
    public static void Merge(Struct target, Struct patch)
    {
        foreach (var (name, value) in patch.Fields)
        {
            if (value.KindCase is Value.KindOneofCase.NullValue)
            {
                target.Fields.Remove(name);
                continue;
            }
            if (value.KindCase is not Value.KindOneofCase.StructValue)
            {
                target.Fields[name] = value;
                continue;
            }
            // Also where there is no object to merge into, for the nulls in the patch mean removal at any depth.
            if (!target.Fields.TryGetValue(name, out var member) || member.KindCase is not Value.KindOneofCase.StructValue)
                target.Fields[name] = member = Value.ForStruct(new Struct());
            Merge(member.StructValue, value.StructValue);
        }
    }

    private static string Merged(ContextRecord present, Struct patch)
    {
        var document = JsonStruct.Parse(present.Document);
        Merge(document, patch);
        var json = JsonFormatter.Default.Format(document);
        return Encoding.UTF8.GetByteCount(json) <= DocumentMaximumBytes ? json
            : throw Errors.FailedPrecondition("CONTEXT_TOO_LARGE", $"The document would be larger than {DocumentMaximumBytes:N0} bytes as JSON; remove something first.");
    }

    private static Dictionary<string, long> Added(IReadOnlyDictionary<string, long> counters, IEnumerable<KeyValuePair<string, long>> increments)
    {
        var sums = counters.ToDictionary();
        foreach (var (name, increment) in increments)
        {
            var before = sums.GetValueOrDefault(name);
            var after = unchecked(before + increment);
            // The sum of two numbers of one sign has the other: it did not fit.
            if (((before ^ after) & (increment ^ after)) < 0)
                throw new PlatformException(StatusCode.FailedPrecondition, "COUNTER_OVERFLOW", $"Counter {name} stands at {before}; adding {increment} gives no int64.")
                {
                    Facts = new Dictionary<string, string> { ["counter"] = name },
                };
            sums[name] = after;
        }
        return sums.Count <= CountersMaximum ? sums
            : throw Errors.FailedPrecondition("TOO_MANY_COUNTERS", $"The session would have {sums.Count} counters; {CountersMaximum} is the most.");
    }
}
