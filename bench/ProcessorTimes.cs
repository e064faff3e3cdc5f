using System.Globalization;

namespace AgentPlatform.Bench;

/// <summary>The processor time that those who take part have taken since their start, from Linux' /proc.</summary>
/// <param name="Callers">Who calls: this process, and a peer's own.</param>
/// <param name="Service">The service.</param>
/// <param name="Database">Postgres with all its backends.</param>
/// <param name="Gateway">The gateway, where calls go through one.</param>
public readonly record struct ProcessorTimes(TimeSpan Callers, TimeSpan Service, TimeSpan Database, TimeSpan Gateway = default)
{
    // The kernel counts in hundredths of a second, whatever its own clock does.
    private const int TicksPerSecond = 100;

    // As much of ".NET Tiered Compilation Worker" as the kernel keeps.
    private const string CompilerThread = ".NET Tiered Com";

    public static ProcessorTimes operator -(ProcessorTimes after, ProcessorTimes before) =>
        new(after.Callers - before.Callers, after.Service - before.Service, after.Database - before.Database, after.Gateway - before.Gateway);

    public static ProcessorTimes operator +(ProcessorTimes one, ProcessorTimes other) =>
        new(one.Callers + other.Callers, one.Service + other.Service, one.Database + other.Database, one.Gateway + other.Gateway);

    /// <summary>A process's own time.</summary>
    public static TimeSpan Of(int process) => Read(process, own: true);

    /// <summary>A process's time, and that of the processes which it has started, gone ones included.</summary>
    public static TimeSpan OfFamily(int process)
    {
        var children = File.ReadAllText($"/proc/{process}/task/{process}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return children.Aggregate(Read(process, own: false), (sum, child) => sum + Read(int.Parse(child, CultureInfo.InvariantCulture), own: true));
    }

    /// <summary>What the runtime in a process has taken to compile again what it found worth it.</summary>
    public static TimeSpan OfCompiler(int process)
    {
        var sum = TimeSpan.Zero;
        foreach (var thread in Directory.EnumerateDirectories($"/proc/{process}/task"))
        {
            try
            {
                if (File.ReadAllText($"{thread}/comm").StartsWith(CompilerThread, StringComparison.Ordinal))
                    sum += Read($"{thread}/stat", own: true);
            }
            // It has ended since it was listed.
            catch (IOException) { }
        }
        return sum;
    }

    private static TimeSpan Read(int process, bool own) => Read($"/proc/{process}/stat", own);

    // user and system time; then both of children that have ended
    private static TimeSpan Read(string stat, bool own)
    {
        string text;
        try { text = File.ReadAllText(stat); }
        // It has ended since it was listed; its parent has its time now.
        catch (IOException) { return TimeSpan.Zero; }
        // The name, in parentheses, may contain anything; the state follows it, and user time is eleven fields further.
        var fields = text[(text.LastIndexOf(')') + 2)..].Split(' ');
        return TimeSpan.FromSeconds(fields[11..(own ? 13 : 15)].Sum(f => double.Parse(f, CultureInfo.InvariantCulture)) / TicksPerSecond);
    }
}
