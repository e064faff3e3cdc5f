using System.Globalization;

namespace AgentPlatform.Bench;

/// <summary>What the host gave of this machine's processors to other guests although something here wanted to run, from Linux' /proc/stat (proc(5): "steal").</summary>
/// <param name="Stolen">In the kernel's ticks, of all processors.</param>
/// <param name="All">The ticks that there were.</param>
public readonly record struct StolenTime(long Stolen, long All)
{
    // user, nice, system, idle, iowait, irq, softirq, steal; what guests of this machine take counts as user.
    private const int Kinds = 8;

    public static StolenTime Read()
    {
        var ticks = File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(Kinds).Select(t => long.Parse(t, CultureInfo.InvariantCulture)).ToList();
        return new StolenTime(ticks[^1], ticks.Sum());
    }

    /// <summary>The share of the time since then, 0 to 1.</summary>
    public double ShareSince(StolenTime before) => All == before.All ? 0 : (double)(Stolen - before.Stolen) / (All - before.All);
}
