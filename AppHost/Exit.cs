using System.Diagnostics.CodeAnalysis;

namespace AgentPlatform.AppHost;

/// <summary>Ends a start that cannot succeed.</summary>
internal static class Exit
{
    /// <summary>
    /// Says what is wrong, and what to do about it, in one line, and ends the process with code 1. It never returns; it has a type so
    /// that <c>throw Exit.With(…)</c> can stand wherever the compiler wants a value.
    /// </summary>
    [DoesNotReturn]
    public static Exception With(string problem)
    {
        Console.Error.WriteLine($"agentplatform: {problem}");
        Environment.Exit(1);
        return new InvalidOperationException();
    }
}
