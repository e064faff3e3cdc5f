using System.Globalization;

namespace AgentPlatform.Bench;

/// <summary>How much memory a process has, from Linux' /proc.</summary>
public static class ProcessMemory
{
    /// <summary>What is in memory of it now, in bytes.</summary>
    public static long Of(int process)
    {
        var line = File.ReadLines($"/proc/{process}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1024;
    }
}
