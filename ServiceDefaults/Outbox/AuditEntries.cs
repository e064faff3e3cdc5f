using System.Buffers;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform;

/// <summary>
/// Makes the entries that services send to Audit. Texts that come from callers are cut to what Audit takes: one entry that it
/// refused would hold up all that follow.
/// </summary>
internal static class AuditEntries
{
    private const int ResourceCharacters = 512;
    private const int MessageCharacters = 2_000;
    private const int AuthorizedByCharacters = 256;
    private const int DetailCharacters = 1_000;
    private const int Details = 12;
    private static readonly SearchValues<char> Controls = SearchValues.Create([.. Enumerable.Range(0, char.MaxValue).Select(c => (char)c).Where(char.IsControl)]);

    public static AuditEntry Make(DateTimeOffset now, Caller caller, string service, string operation, string resource,
        ReadOnlySpan<(string Name, string Value)> details, string authorizedBy, Outcome outcome, string errorMessage, string correlationId,
        string sourceAddress, string traceId)
    {
        var entry = new AuditEntry
        {
            EventId = Guid.CreateVersion7(now).ToString(),
            OccurTime = now.ToTimestamp(),
            AgentId = caller.AgentId,
            AgentVersion = caller.AgentVersion,
            Principal = caller.Subject,
            Roles = { caller.RoleNames },
            Service = service,
            Operation = operation,
            Resource = Cut(resource, ResourceCharacters),
            Outcome = outcome,
            ErrorMessage = Cut(errorMessage, MessageCharacters),
            AuthorizedBy = Cut(authorizedBy, AuthorizedByCharacters),
            CorrelationId = correlationId,
            SourceAddress = sourceAddress,
            TraceId = traceId,
        };
        if (details.IsEmpty)
            return entry;
        entry.Metadata = new Struct();
        foreach (var (name, value) in details[..Math.Min(details.Length, Details)])
            entry.Metadata.Fields[name] = Value.ForString(Cut(value, DetailCharacters));
        return entry;
    }

    // Control characters have no place in a log that people read, and half a surrogate pair is no text.
    private static string Cut(string text, int maximum)
    {
        if (text.Length > maximum)
            text = char.IsHighSurrogate(text[maximum - 1]) ? text[..(maximum - 1)] : text[..maximum];
        return text.AsSpan().ContainsAny(Controls) ? string.Concat(text.Select(c => char.IsControl(c) ? '\uFFFD' : c)) : text;
    }
}
