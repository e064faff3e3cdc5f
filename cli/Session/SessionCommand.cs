using System.CommandLine;

namespace AgentPlatform.Cli.Sessions;

/// <summary><c>agentctl session</c>: finds sessions, looks into them, follows them, and ends them.</summary>
public static class SessionCommand
{
    public static Command Create() => new("session", "Finds sessions, shows and follows what happens in one, and ends it.")
    {
        SessionListCommand.Create(),
        SessionShowCommand.Create(),
        SessionWatchCommand.Create(),
        SessionEndCommand.Create(),
    };

    /// <summary>The argument that names a session.</summary>
    public static Argument<string> NewId() => new("ID") { Description = "The session's id." };
}
