using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Costings;

/// <summary>Which usage is added up, and by what.</summary>
public sealed record SpendFilter(DateOnly Start, DateOnly End, string AgentId, Guid? SessionId, IReadOnlySet<SpendBy> GroupBy);
