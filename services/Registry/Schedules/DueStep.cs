namespace AgentPlatform.Registry;

/// <summary>
/// What is to be done next about a schedule that is due: leave out the ticks from <paramref name="SkipFrom"/> to before <paramref name="SkipUntil"/> (null: all that
/// there are), if any; take the tick <paramref name="Tick"/>, if any; and go on at <paramref name="Next"/>, if anything is left.
/// </summary>
public sealed record DueStep(DateTimeOffset? SkipFrom, DateTimeOffset? SkipUntil, DateTimeOffset? Tick, DateTimeOffset? Next);
