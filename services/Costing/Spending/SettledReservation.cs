namespace AgentPlatform.Costings;

/// <summary>What a reservation was when it was settled. Nothing of one that had lapsed was still set aside.</summary>
public sealed record SettledReservation(Guid? SessionId, Amount SetAside, SpendOutcome Outcome);
