using System.Text.Json;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Audit;

/// <summary>A row of <c>audit.message_audit</c>, redacted. Its sequence is zero until it has its place in the session.</summary>
public sealed record MessageRecord(
    Guid Id, string SessionId, long Sequence, DateTimeOffset RecordedAt, string AgentId, string RequestId, string Role, string Text,
    IReadOnlyList<string> ToolsCalled, IReadOnlyList<string> SourcesUsed, string EscalationTicket, string Redactions)
{
    public Message ToProto()
    {
        var redactions = JsonSerializer.Deserialize<Dictionary<string, int>>(Redactions)!;
        return new Message
        {
            Id = Id.ToString(),
            SessionId = SessionId,
            Sequence = Sequence,
            RecordTime = RecordedAt.ToTimestamp(),
            AgentId = AgentId,
            RequestId = RequestId,
            Role = Role,
            Text = Text,
            ToolsCalled = { ToolsCalled },
            SourcesUsed = { SourcesUsed },
            EscalationTicket = EscalationTicket,
            PiiRedacted = redactions.Count > 0,
            Redactions = { redactions },
        };
    }
}
