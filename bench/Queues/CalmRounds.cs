using AgentPlatform.Cli;
using Spectre.Console;

namespace AgentPlatform.Bench.Queues;

/// <summary>
/// Runs rounds, and again those in which the host gave more than a twentieth of the processors to other guests: they tell how busy those were. It looks at nothing but that, so no round is chosen for its
/// result.
/// </summary>
public sealed class CalmRounds
{
    private const double MostStolen = 0.05;
    private const int MostTries = 10;

    private int _repeated;
    private int _disturbed;

    /// <summary>What the first calm round gives, or the last of ten.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> round)
    {
        for (var tries = 1; ; tries++)
        {
            var before = StolenTime.Read();
            var result = await round();
            if (StolenTime.Read().ShareSince(before) <= MostStolen)
                return result;
            if (tries == MostTries)
            {
                _disturbed++;
                return result;
            }
            _repeated++;
        }
    }

    /// <summary>Says how calm it was.</summary>
    public void Explain() => Terminal.Out.MarkupLineInterpolated(
        $"{_repeated} rounds were run again, since other guests of the host took more than {MostStolen:P0} of the processors meanwhile; {_disturbed} count although they did.");
}
