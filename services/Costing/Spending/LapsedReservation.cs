namespace AgentPlatform.Costings;

/// <summary>A reservation that was not settled in time.</summary>
public sealed record LapsedReservation(Guid Id, string AgentId, Amount Amount);
