namespace AgentPlatform.Costings;

/// <summary>Section <c>Reservations</c>.</summary>
public sealed class ReservationSettings
{
    /// <summary>How often reservations are looked for that were not settled in time.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a reservation is kept after its end: so long a late settlement finds it.</summary>
    public TimeSpan Retention { get; init; } = TimeSpan.FromDays(7);
}
