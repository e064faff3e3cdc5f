using AgentPlatform.Contracts.Costing.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Costings;

/// <summary>A row of <c>costing.spenders</c>.</summary>
public sealed record SpenderRecord(string AgentId, string Role, IReadOnlyList<string> Tags, DateTimeOffset SetAt, string SetBy)
{
    public Spender ToProto() => new() { AgentId = AgentId, Role = Role, Tags = { Tags }, SetTime = SetAt.ToTimestamp(), SetBy = SetBy };
}
