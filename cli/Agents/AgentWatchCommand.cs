using System.CommandLine;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Cli.Agents;

/// <summary><c>agentctl agent watch</c>: what happens to agents, as it happens, until Ctrl-C.</summary>
public static class AgentWatchCommand
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    public static Command Create()
    {
        var agent = new Option<string>("--agent") { HelpName = "ID", Description = "Only what happens to this one" };
        var after = new Option<string>("--after") { HelpName = "CURSOR", Description = "Go on from here; 0-0 for all that is kept. Unless given: what comes from now on" };
        var json = new Option<bool>("--json") { Description = "Each event as a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("watch", "Follows the fleet until Ctrl-C. Nothing is skipped, also when the connection breaks.") { agent, after, json, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var request = new WatchAgentsRequest { AgentId = parsed.GetValue(agent) ?? "", Cursor = parsed.GetValue(after) ?? "" };
            return await RunAsync(connection.Caller, request, parsed.GetValue(json));
        });
        return command;
    }

    private static async Task<int> RunAsync(GatewayCaller caller, WatchAgentsRequest request, bool json)
    {
        using var signal = new StopSignal();
        using var stop = new CancellationTokenSource();
        var stopping = signal.Asked.ContinueWith(_ => stop.Cancel(), TaskScheduler.Default);
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await foreach (var piece in caller.Registry.WatchAgents(request, deadline: DateTime.MaxValue, cancellationToken: stop.Token).ResponseStream.ReadAllAsync(stop.Token))
                {
                    foreach (var happened in piece.Events)
                        Console.Out.WriteLine(json ? AgentText.Json(happened) : AgentText.Line(happened));
                    request.Cursor = piece.Cursor;
                }
            }
            catch (Exception e) when (stop.IsCancellationRequested && e is RpcException or OperationCanceledException)
            {
                // The person has seen enough.
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable && request.Cursor.Length > 0)
            {
                Console.Error.WriteLine($"agentctl: {RpcText.Of(e)}; trying again");
                await Task.WhenAny(Task.Delay(Pause, TimeProvider.System, stop.Token), stopping);
            }
        }
        if (request.Cursor.Length > 0)
            Console.Error.WriteLine($"To go on from here: --after {request.Cursor}");
        return ExitCode.Ok;
    }
}
