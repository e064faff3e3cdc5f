using AgentPlatform.Cli;

namespace AgentPlatform.Tests;

/// <summary>Bearer tokens of the development key that all hosts of a run trust.</summary>
public static class Tokens
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    /// <summary>The key that the services are told to trust.</summary>
    public static DevelopmentKey Key { get; } = DevelopmentKey.Create();

    public static string Agent(string id) => Key.Mint($"agent:{id}", ["agent"], id, Lifetime, TimeProvider.System);

    public static string Operator(string name = "olga") => Person(name, "operator");

    public static string Superuser(string name = "sam") => Person(name, "superuser");

    public static string Auditor(string name = "ada") => Person(name, "auditor");

    public static string Service(string name) => Key.Mint($"service:{name}", ["service"], null, Lifetime, TimeProvider.System);

    /// <summary>A token of one role, whatever it is; an agent's is named "someone".</summary>
    public static string Of(string role) => role == "agent" ? Agent("someone") : Person($"a-{role}", role);

    private static string Person(string name, string role) => Key.Mint($"user:{name}", [role], null, Lifetime, TimeProvider.System);
}
