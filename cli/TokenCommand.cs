using System.CommandLine;
using System.CommandLine.Parsing;
using AgentPlatform.Contracts.Access.V1;

namespace AgentPlatform.Cli;

/// <summary><c>agentctl token</c>: a bearer token for the running platform, and nothing else, on the output.</summary>
public static class TokenCommand
{
    private const string AgentRole = "agent";
    private static readonly TimeSpan DefaultLifetime = TimeSpan.FromHours(8);
    private static readonly string[] Roles = [.. Enum.GetNames<Role>().Where(r => r != nameof(Role.Unspecified)).Select(r => r.ToLowerInvariant())];

    public static Command Create()
    {
        var role = new Argument<string>("ROLE") { Description = $"Who the token is for: {string.Join(", ", Roles)}." };
        var agent = new Option<string?>("--agent") { HelpName = "ID", Description = "The agent's id, for example revenue_v1; required for the role agent." };
        var lifetime = new Option<TimeSpan?>("--lifetime")
        {
            HelpName = "TIME",
            Description = "How long it is good for: 90s, 30m, 7d; 8h unless given. It ends with the platform's run in any case.",
            CustomParser = ParseLifetime,
        };
        var data = DataFolder.NewOption();

        var command = new Command("token", "Prints a bearer token for the running platform; send it as 'authorization: Bearer TOKEN'.")
        {
            role, agent, lifetime, data,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(role) is { } given && ProblemWith(given, result.GetValue(agent)) is { } problem)
                result.AddError(problem);
        });
        command.SetAction(parsed => Run(parsed.GetRequiredValue(role), parsed.GetValue(agent), parsed.GetValue(lifetime) ?? DefaultLifetime, DataFolder.Locate(parsed.GetValue(data))));
        return command;
    }

    private static int Run(string role, string? agent, TimeSpan lifetime, DataFolder data)
    {
        RunNote.Require(data);
        using var key = DevelopmentKey.Load(data.DevelopmentKey);
        var subject = agent is null ? $"user:{Environment.UserName}" : $"agent:{agent}";
        Console.Out.WriteLine(key.Mint(subject, [role], agent, lifetime, TimeProvider.System));
        return ExitCode.Ok;
    }

    private static string? ProblemWith(string role, string? agent) => (role, agent) switch
    {
        _ when !Roles.Contains(role) => $"'{role}' is no role; the roles are {string.Join(", ", Roles)}.",
        (AgentRole, null) => "A token of the role agent names its agent: add --agent ID.",
        (AgentRole, _) => IsAgentId(agent) ? null : $"'{agent}' is no agent id: 1–64 of [a-z0-9_.-].",
        (_, not null) => "Only the role agent goes with --agent.",
        _ => null,
    };

    /// <summary>Whether agents can be named so.</summary>
    public static bool IsAgentId(string id) =>
        id is { Length: >= 1 and <= 64 } && id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '.' or '-');

    private static TimeSpan? ParseLifetime(ArgumentResult result)
    {
        var text = result.Tokens.Single().Value;
        if (DurationText.TryParse(text, out var lifetime))
            return lifetime;
        result.AddError($"'{text}' is no lifetime: a number and s, m, h or d, at most 365d.");
        return null;
    }
}
