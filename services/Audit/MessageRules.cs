using AgentPlatform.Audit.Redaction;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf.Collections;

namespace AgentPlatform.Audit;

/// <summary>What a message may be. No I/O.</summary>
public static class MessageRules
{
    public const int TextMaximumCharacters = 32_768;
    public const int RequestIdMaximumCharacters = 128;
    public const int TicketMaximumCharacters = 128;
    public const int ListMaximumItems = 64;
    public const int ToolMaximumCharacters = 128;
    public const int SourceMaximumCharacters = 512;

    /// <summary>Reads a message and replaces what looks like personal data or a secret; INVALID_ARGUMENT with all that is wrong with it.</summary>
    public static MessageRecord Read(Message? message, Caller caller, DateTimeOffset now, Redactor redactor)
    {
        if (message is null)
            throw Errors.InvalidArgument("message", "is required");
        if (caller.IsAgent && message.AgentId.Length > 0 && message.AgentId != caller.AgentId)
            throw Errors.PermissionDenied("NOT_YOURS", $"An agent records messages of its own only; the token is of agent {caller.AgentId}.");
        var checks = new FieldChecks("message.")
            .WellFormed("session_id", message.SessionId, AuditRules.SessionIdMaximumCharacters, minimum: 1)
            .WellFormed("request_id", message.RequestId, RequestIdMaximumCharacters)
            .Name("role", message.Role)
            .WellFormed("text", message.Text, TextMaximumCharacters, minimum: 1)
            .WellFormed("escalation_ticket", message.EscalationTicket, TicketMaximumCharacters);
        Items(checks, "tools_called", message.ToolsCalled, ToolMaximumCharacters);
        Items(checks, "sources_used", message.SourcesUsed, SourceMaximumCharacters);
        if (message.AgentId.Length > 0)
            checks.DottedName("agent_id", message.AgentId);
        checks.ThrowIfAny();

        var counts = RedactionCounts.None;
        string Redacted(string text)
        {
            var redacted = redactor.Redact(text);
            counts += redacted.Counts;
            return redacted.Text;
        }
        var (text, sources, tools) = (Redacted(message.Text), message.SourcesUsed.Select(Redacted).ToList(), message.ToolsCalled.Select(Redacted).ToList());
        return new MessageRecord(Guid.CreateVersion7(now), message.SessionId, 0, now, caller.IsAgent ? caller.AgentId : message.AgentId, message.RequestId,
            message.Role, text, tools, sources, message.EscalationTicket, AuditRules.JsonOf(counts));
    }

    private static void Items(FieldChecks checks, string field, RepeatedField<string> items, int maximum)
    {
        checks.Require(items.Count <= ListMaximumItems, field, $"has {items.Count:N0} items; at most {ListMaximumItems} are allowed");
        foreach (var item in items.Take(ListMaximumItems))
            checks.WellFormed(field, item, maximum, minimum: 1);
    }
}
