namespace AgentPlatform.Sessions;

/// <summary>Section <c>Approvals</c>.</summary>
public sealed class ApprovalSettings
{
    /// <summary>Whether who asked may decide: for an operator who works alone. The audit log says so each time.</summary>
    public bool AllowSelfDecision { get; init; }

    /// <summary>How often approvals are looked for whose time has passed.</summary>
    public TimeSpan SweepEvery { get; init; } = TimeSpan.FromSeconds(1);
}
