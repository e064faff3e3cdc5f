using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Cli.Sessions;

/// <summary><c>agentctl session watch</c>: a session as it goes on, until it ends or Ctrl-C. A connection that breaks is made again where it broke off.</summary>
public static class SessionWatchCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var id = SessionCommand.NewIdArgument();
        var after = new Option<long?>("--after") { HelpName = "SEQUENCE", Description = "Events after this one, 0 for all. Unless given: only what comes from now on" };
        var json = new Option<bool>("--json") { Description = "Sessions and events, each as a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("watch", "Follows a session until it ends, or Ctrl-C. Nothing is skipped, also when the connection breaks.") { id, after, json, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            var request = new WatchSessionRequest { Id = parsed.GetValue(id)! };
            if (parsed.GetValue(after) is { } sequence)
                request.AfterSequence = sequence;
            using var connection = GatewayConnection.Open(parsed.GetValue(gateway), parsed.GetValue(data), "operator");
            using var signal = new StopSignal();
            using var stop = new CancellationTokenSource();
            var stopping = signal.Asked.ContinueWith(asked => stop.Cancel(), TaskScheduler.Default);
            await RunAsync(connection.Caller, request, parsed.GetValue(json), stop.Token, stopping);
            return ExitCode.Ok;
        });
        return command;
    }

    private static async Task RunAsync(GatewayCaller caller, WatchSessionRequest request, bool json, CancellationToken stop, Task stopping)
    {
        var hasAnswered = false;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                using var call = caller.Sessions.WatchSession(request, deadline: DateTime.MaxValue, cancellationToken: stop);
                await foreach (var told in call.ResponseStream.ReadAllAsync(stop))
                {
                    Show(told, json);
                    request.AfterSequence = told.Event?.Sequence ?? (request.HasAfterSequence ? request.AfterSequence : told.Session.EventCount);
                    hasAnswered = true;
                }
                return;
            }
            catch (Exception e) when (stop.IsCancellationRequested && e is RpcException or OperationCanceledException)
            {
                // The person has seen enough.
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable && hasAnswered)
            {
                Console.Error.WriteLine($"agentctl: {RpcText.Of(e)}; trying again");
                await Task.WhenAny(Task.Delay(Pause, TimeProvider.System, stop), stopping);
            }
        }
    }

    private static void Show(WatchSessionResponse told, bool json)
    {
        if (json)
            Console.Out.WriteLine(SessionText.Json(told));
        else
            Console.Out.WriteLine(told.Event is { } happened ? SessionText.Line(happened) : SessionText.Line(told.Session));
    }
}
