using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Cli.Sessions;

/// <summary><c>agentctl session watch</c>: a session's states and events as they come, until it ends or Ctrl-C. A connection that breaks is made again where it broke off.</summary>
public static class SessionWatchCommand
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    public static Command Create()
    {
        var id = SessionCommand.NewId();
        var after = new Option<long?>("--after") { HelpName = "SEQUENCE", Description = "Only events after this one; 0 for all. Unless given: what comes from now on" };
        after.Validators.Add(given =>
        {
            if (given.GetValue(after) < 0)
                given.AddError("--after must not be negative.");
        });
        var json = new Option<bool>("--json") { Description = "The whole states and events, each as a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());

        var command = new Command("watch", "Follows a session until it ends, or until Ctrl-C. Nothing is skipped, also when the connection breaks.") { id, after, json, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            var request = new WatchSessionRequest { Id = parsed.GetRequiredValue(id) };
            if (parsed.GetValue(after) is { } sequence)
                request.AfterSequence = sequence;
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            return await RunAsync(connection.Caller, request, parsed.GetValue(json));
        });
        return command;
    }

    private static async Task<int> RunAsync(GatewayCaller caller, WatchSessionRequest request, bool json)
    {
        using var signal = new StopSignal();
        using var stop = new CancellationTokenSource();
        var stopping = signal.Asked.ContinueWith(_ => stop.Cancel(), TaskScheduler.Default);
        var (pause, shownVersion) = (FirstPause, 0L);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await foreach (var piece in caller.Sessions.WatchSession(request, deadline: DateTime.MaxValue, cancellationToken: stop.Token).ResponseStream.ReadAllAsync(stop.Token))
                {
                    foreach (var added in piece.Events)
                        Console.Out.WriteLine(json ? SessionText.Json(added) : SessionText.Line(added));
                    // A stream that is made again begins with the state, which may have been shown.
                    if (piece.Session is { } session && session.Version > shownVersion)
                    {
                        Console.Out.WriteLine(json ? SessionText.Json(session) : SessionText.Line(session));
                        shownVersion = session.Version;
                    }
                    request.AfterSequence = piece.Sequence;
                    pause = FirstPause;
                }
                return ExitCode.Ok;
            }
            catch (Exception e) when (stop.IsCancellationRequested && e is RpcException or OperationCanceledException)
            {
                // The person has seen enough.
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable && shownVersion > 0)
            {
                // It worked before: the service restarts, or the connection broke. What has been shown is not shown again.
                Console.Error.WriteLine($"agentctl: {RpcText.Of(e)}; trying again in {pause.TotalSeconds:0.#} s");
                await Task.WhenAny(Task.Delay(pause, TimeProvider.System, stop.Token), stopping);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
        if (request.HasAfterSequence)
            Console.Error.WriteLine($"To go on from here: --after {request.AfterSequence}");
        return ExitCode.Ok;
    }
}
