using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Sessions;

/// <summary><c>agentctl session end</c>: ends a session, which is final.</summary>
public static class SessionEndCommand
{
    private static readonly string[] Ends = [.. new[] { SessionStatus.Cancelled, SessionStatus.Completed, SessionStatus.Failed }.Select(s => RpcText.Of(s).ToLowerInvariant())];

    public static Command Create()
    {
        var id = SessionCommand.NewId();
        var status = new Option<string>("--as") { HelpName = "STATUS", DefaultValueFactory = _ => Ends[0], Description = $"How it ended: {string.Join(", ", Ends)}; the latter two for an active one" };
        status.AcceptOnlyFromAmong(Ends);
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "Why, for the audit log" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());

        var command = new Command("end", "Ends a session. It never moves again.") { id, status, reason, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            var request = new TransitionSessionRequest
            {
                Id = parsed.GetRequiredValue(id),
                Status = Enum.Parse<SessionStatus>(parsed.GetRequiredValue(status), ignoreCase: true),
                Reason = parsed.GetValue(reason) ?? "",
            };
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var session = (await connection.Caller.Sessions.TransitionSessionAsync(request)).Session;
            Console.Out.WriteLine(SessionText.Line(session));
            return ExitCode.Ok;
        });
        return command;
    }
}
