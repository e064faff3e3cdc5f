namespace AgentPlatform.Costings;

/// <summary>The budgets that money was counted on; those of which the soft limit is reached by now, and those of which it was not before.</summary>
public sealed record SpendOutcome(Guid[] BudgetIds, Guid[] Reached, Guid[] Crossed);
