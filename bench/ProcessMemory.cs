using System.Globalization;

namespace AgentPlatform.Bench;

/// <summary>How much memory a process has, from Linux' /proc.</summary>
public static class ProcessMemory
{
    /// <summary>What is in memory of it now, in bytes.</summary>
    public static long Of(int process) => Read(process, "VmRSS:");

    /// <summary>The most of it that was in memory at one time since <see cref="ForgetPeak"/>, in bytes.</summary>
    public static long PeakOf(int process) => Read(process, "VmHWM:");

    /// <summary>Begins to look for the peak anew.</summary>
    public static void ForgetPeak(int process) => File.WriteAllText($"/proc/{process}/clear_refs", "5");

    private static long Read(int process, string field)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith(field, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
