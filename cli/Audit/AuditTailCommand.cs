using System.CommandLine;
using AgentPlatform.Contracts.Audit.V1;
using Grpc.Core;

namespace AgentPlatform.Cli.Audit;

/// <summary><c>agentctl audit tail</c>: entries as they come, until Ctrl-C. A connection that breaks is made again where it broke off.</summary>
public static class AuditTailCommand
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    public static Command Create()
    {
        var agent = new Option<string>("--agent") { HelpName = "ID", Description = "Only this agent's" };
        var operation = new Option<string>("--operation") { HelpName = "NAME", Description = "Only this operation, or all of a noun: 'costing.*'" };
        var resume = new Option<string>("--resume") { HelpName = "TOKEN", Description = "Goes on where another tail ended, which said so" };
        var beginning = new Option<bool>("--from-beginning") { Description = "All that there is first. Unless given: only what comes from now on" };
        var json = new Option<bool>("--json") { Description = "The whole entries, each as a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());

        var command = new Command("tail", "Shows entries as they are recorded, until Ctrl-C. Nothing is skipped, also when the connection breaks.")
        {
            agent, operation, resume, beginning, json, gateway, data,
        };
        command.Validators.Add(given =>
        {
            if (given.GetValue(beginning) && given.GetValue(resume) is not null)
                given.AddError("--from-beginning and --resume do not go together.");
        });
        command.SetAction(async (parsed, _) =>
        {
            var request = new TailEntriesRequest
            {
                AgentId = parsed.GetValue(agent) ?? "",
                Operation = parsed.GetValue(operation) ?? "",
                ResumeToken = parsed.GetValue(resume) ?? "",
                FromBeginning = parsed.GetValue(beginning),
            };
            using var connection = GatewayConnection.Open(GatewayConnection.Auditor, parsed.GetValue(gateway), parsed.GetValue(data));
            return await RunAsync(connection.Caller, request, parsed.GetValue(json));
        });
        return command;
    }

    private static async Task<int> RunAsync(GatewayCaller caller, TailEntriesRequest request, bool json)
    {
        using var signal = new StopSignal();
        using var stop = new CancellationTokenSource();
        var stopping = signal.Asked.ContinueWith(_ => stop.Cancel(), TaskScheduler.Default);
        var pause = FirstPause;
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await foreach (var answer in caller.Audit.TailEntries(request, deadline: DateTime.MaxValue, cancellationToken: stop.Token).ResponseStream.ReadAllAsync(stop.Token))
                {
                    foreach (var entry in answer.Entries)
                        Console.Out.WriteLine(json ? EntryText.Json(entry) : EntryText.Line(entry));
                    request.ResumeToken = answer.ResumeToken;
                    request.FromBeginning = false;
                    pause = FirstPause;
                }
            }
            catch (Exception e) when (stop.IsCancellationRequested && e is RpcException or OperationCanceledException)
            {
                // The person has seen enough.
            }
            catch (RpcException e) when (e.StatusCode is StatusCode.Unavailable && request.ResumeToken.Length > 0)
            {
                // It worked before: the service restarts, or the connection broke. What has been shown is not shown again.
                Console.Error.WriteLine($"agentctl: {RpcText.Of(e)}; trying again in {pause.TotalSeconds:0.#} s");
                await Task.WhenAny(Task.Delay(pause, TimeProvider.System, stop.Token), stopping);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
        if (request.ResumeToken.Length > 0)
            Console.Error.WriteLine($"To go on from here: --resume {request.ResumeToken}");
        return ExitCode.Ok;
    }
}
