using System.CommandLine;
using System.Globalization;
using AgentPlatform.Cli;

namespace AgentPlatform.Bench.Audit;

/// <summary>The Postgres server that a benchmark of the audit log uses.</summary>
public static class AuditServer
{
    private const string Password = "postgres.password";

    public static Option<string?> NewOption() => new("--postgres")
    {
        HelpName = "CONNECTION",
        Description = "An administrator's connection string to a Postgres server. Unless given: the running platform's",
    };

    /// <summary>The one that was given, else the running platform's.</summary>
    public static string Find(string? given, DataFolder folder)
    {
        if (given is not null)
            return given;
        var server = RunNote.Require(folder).Database ?? throw new CliException("the platform's Postgres is in a container; give --postgres");
        return string.Create(CultureInfo.InvariantCulture,
            $"Host={server.Host};Port={server.Port};Username={server.Username};Password={File.ReadAllText(folder.Entry(Password)).Trim()}");
    }
}
