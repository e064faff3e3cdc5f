using System.CommandLine;

namespace AgentPlatform.Cli;

/// <summary><c>--json</c>: for scripts.</summary>
public static class JsonOption
{
    public static Option<bool> Create(string description = "Whole, each as a line of JSON") => new("--json") { Description = description };
}
