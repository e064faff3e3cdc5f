using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Sessions;

/// <summary><c>agentctl session show</c>: a session and its last events.</summary>
public static class SessionShowCommand
{
    public static Command Create()
    {
        var id = SessionCommand.NewIdArgument();
        var json = new Option<bool>("--json") { Description = "The session and its events, each as a line of JSON" };
        var (limit, gateway, data) = (LimitOption.Create(), GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("show", "Shows a session and its last events, oldest first.") { id, limit, json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(parsed.GetValue(gateway), parsed.GetValue(data), "operator");
            var sessions = connection.Caller.Sessions;
            var session = (await sessions.GetSessionAsync(new GetSessionRequest { Id = parsed.GetValue(id)! }, cancellationToken: cancellation)).Session;
            var last = await sessions.ListEventsAsync(
                new ListEventsRequest { SessionId = session.Id, NewestFirst = true, PageSize = parsed.GetValue(limit) }, cancellationToken: cancellation);
            if (parsed.GetValue(json))
                Console.Out.WriteLine(SessionText.Json(session));
            else
                Terminal.Out.Write(SessionText.Table([session]));
            foreach (var happened in last.Events.Reverse())
                Console.Out.WriteLine(parsed.GetValue(json) ? SessionText.Json(happened) : SessionText.Line(happened));
            return ExitCode.Ok;
        });
        return command;
    }
}
