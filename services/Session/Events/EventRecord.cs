using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Sessions;

/// <summary>A row of <c>session.events</c>.</summary>
public sealed record EventRecord(
    long Sequence, string Type, string Source, string Message, string Payload, double Salience, DateTimeOffset CreatedAt)
{
    public SessionEvent ToProto() => new()
    {
        Sequence = Sequence,
        Type = Type,
        Source = Source,
        Message = Message,
        Payload = JsonStruct.Parse(Payload),
        Salience = Salience,
        CreateTime = CreatedAt.ToTimestamp(),
    };
}
