using System.Diagnostics;

namespace AgentPlatform.Feed;

/// <summary>Tells the person who waits what is going on.</summary>
internal static class Progress
{
    private static readonly long Start = Stopwatch.GetTimestamp();

    /// <summary>Prints one line, with the seconds since the start.</summary>
    public static void Say(string line) =>
        Console.WriteLine($"feed: {Stopwatch.GetElapsedTime(Start).TotalSeconds,3:0} s  {line}");
}
