using System.CommandLine;

namespace AgentPlatform.Cli.Sessions;

/// <summary><c>agentctl session</c>: what agents work on.</summary>
public static class SessionCommand
{
    public static Command Create() => new("session", "Shows sessions, follows them as they go on, and ends them.")
    {
        SessionListCommand.Create(),
        SessionShowCommand.Create(),
        SessionWatchCommand.Create(),
        SessionEndCommand.Create(),
    };

    /// <summary>The argument that names a session.</summary>
    public static Argument<string> NewIdArgument() => new("ID") { Description = "The session's id" };
}
