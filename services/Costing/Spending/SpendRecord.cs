using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Costings;

/// <summary>A sum over <c>costing.usage</c>, and its place in the list.</summary>
public sealed record SpendRecord(string Key, string Day, string AgentId, string SessionId, UsageKind Kind, long UsageCount, long QuantityMilli, Amount Cost)
{
    public SpendRow ToProto() => new()
    {
        Date = Day,
        AgentId = AgentId,
        SessionId = SessionId,
        Kind = Kind,
        UsageCount = UsageCount,
        QuantityMilli = QuantityMilli,
        Cost = Cost.ToMoney(),
    };
}
