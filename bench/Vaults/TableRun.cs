namespace AgentPlatform.Bench.Vaults;

/// <summary>What came of some callers that read one table at once.</summary>
/// <param name="Callers">How many.</param>
/// <param name="Answer"><see cref="Read"/>, or the reason of the refusal.</param>
/// <param name="Rows">Of one of them.</param>
/// <param name="Seconds">Until the last one was done.</param>
/// <param name="GrownMegabytes">By how much the vault's process was larger in between than before.</param>
public sealed record TableRun(int Callers, string Answer, long Rows, double Seconds, double GrownMegabytes)
{
    public const string Read = "read";
}
