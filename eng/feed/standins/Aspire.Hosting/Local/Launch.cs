namespace Aspire.Hosting.Local;

/// <summary>Everything needed to start a program once. Servers are stopped after the projects that use them.</summary>
internal sealed record Launch(
    string Name,
    string Command,
    IReadOnlyList<string> Arguments,
    string WorkingDirectory,
    IReadOnlyDictionary<string, string> Environment,
    bool IsServer);
