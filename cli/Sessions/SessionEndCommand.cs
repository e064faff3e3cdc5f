using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Cli.Sessions;

/// <summary><c>agentctl session end</c>: a person's end of a session that has not ended by itself.</summary>
public static class SessionEndCommand
{
    public static Command Create()
    {
        var id = SessionCommand.NewIdArgument();
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Required = true, Description = "Why, for the audit log" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("end", "Cancels a session. It takes no more events, and never moves again.") { id, reason, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(parsed.GetValue(gateway), parsed.GetValue(data), "operator");
            var ended = (await connection.Caller.Sessions.TransitionSessionAsync(
                new TransitionSessionRequest { Id = parsed.GetValue(id)!, Status = SessionStatus.Cancelled, Reason = parsed.GetValue(reason)! },
                new Metadata { { "idempotency-key", Guid.NewGuid().ToString("N") } }, cancellationToken: cancellation)).Session;
            Console.Out.WriteLine(SessionText.Line(ended));
            return ExitCode.Ok;
        });
        return command;
    }
}
