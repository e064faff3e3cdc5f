using System.Collections;

namespace AgentPlatform.Migrations;

/// <summary>Where to migrate, and the password of each service's login role.</summary>
public sealed record MigratorSettings(string ConnectionString, IReadOnlyDictionary<string, string> Logins)
{
    /// <summary>The services that own a schema and a login role of their own name.</summary>
    public static readonly IReadOnlyList<string> Services = ["session", "audit", "registry", "costing", "vault"];

    private const string LoginPrefix = "Logins__";

    /// <summary>Reads <c>ConnectionStrings__agentplatform</c> (an administrator's) and <c>Logins__SERVICE</c>.</summary>
    public static MigratorSettings FromEnvironment()
    {
        var connection = Environment.GetEnvironmentVariable("ConnectionStrings__agentplatform");
        if (string.IsNullOrEmpty(connection))
            throw new MigrationException("ConnectionStrings__agentplatform is not set.");
        var logins = Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .Where(v => ((string)v.Key).StartsWith(LoginPrefix, StringComparison.Ordinal))
            .ToDictionary(v => ((string)v.Key)[LoginPrefix.Length..], v => (string)v.Value!);
        return new MigratorSettings(connection, logins);
    }
}
