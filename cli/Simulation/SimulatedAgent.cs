using System.Diagnostics;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Cli.Simulation;

/// <summary>One agent of a simulation: registers, connects, beats, and completes whatever it is given; comes back when its stream ends, with what it has not settled.</summary>
public sealed class SimulatedAgent(string id, CallInvoker invoker, SimulationTally tally, TimeSpan beatEvery, Func<TimeSpan?> stayFor)
{
    private const int MaxInFlight = 8;
    private const int DoublingsMaximum = 3;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    private readonly RegistryService.RegistryServiceClient _registry = new(invoker);
    private readonly AgentLinkService.AgentLinkServiceClient _links = new(invoker);
    private readonly Dictionary<string, CompleteTaskRequest> _unsettled = new(StringComparer.Ordinal);
    private readonly string _instance = Guid.NewGuid().ToString("N");
    private long _epoch;
    private int _failures;

    /// <summary>Works until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                if (_epoch == 0)
                    _epoch = await RegisterAsync(stop);
                await ConnectAsync(stop);
            }
            catch (Exception e) when (e is RpcException or OperationCanceledException or InvalidOperationException)
            {
                // The platform is away or busy, or the simulation ends: the loop tells which.
                if (!stop.IsCancellationRequested)
                    await Task.Delay((1 << Math.Min(_failures++, DoublingsMaximum)) * Random.Shared.NextDouble() * Pause, TimeProvider.System, CancellationToken.None);
            }
        }
    }

    private async Task<long> RegisterAsync(CancellationToken stop)
    {
        var request = new RegisterAgentRequest { Platform = Platform.Linux, Version = "simulated", Hostname = id, InstanceId = _instance, Tags = { SimulateCommand.Tag } };
        try { return (await _registry.RegisterAgentAsync(request, CallKey.New(), cancellationToken: stop)).Agent.Epoch; }
        catch (RpcException) when (!stop.IsCancellationRequested)
        {
            tally.Refuse();
            throw;
        }
    }

    private async Task ConnectAsync(CancellationToken stop)
    {
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        using var link = _links.Connect(cancellationToken: end.Token);
        var isBroken = true;
        try
        {
            await link.RequestStream.WriteAsync(new ConnectRequest { Hello = new Hello { Epoch = _epoch, MaxInFlight = MaxInFlight, RunningTaskIds = { _unsettled.Keys } } }, end.Token);
            if (stayFor() is { } stay)
                end.CancelAfter(stay);
            await WorkAsync(new AgentConversation(link.RequestStream, _epoch), link.ResponseStream, end.Token);
        }
        catch (Exception e) when (end.IsCancellationRequested && e is RpcException or OperationCanceledException)
        {
            isBroken = false;
        }
        finally
        {
            await end.CancelAsync();
            tally.Disconnect(id, isBroken);
        }
    }

    private async Task WorkAsync(AgentConversation conversation, IAsyncStreamReader<ConnectResponse> input, CancellationToken end)
    {
        var beats = Task.CompletedTask;
        while (await input.MoveNext(end))
        {
            switch (input.Current.MessageCase)
            {
                case ConnectResponse.MessageOneofCase.Welcome:
                    tally.Connect(id);
                    _failures = 0;
                    beats = conversation.BeatAsync(beatEvery, end);
                    foreach (var (task, completion) in _unsettled)
                        await conversation.CompleteAsync(task, completion, end);
                    break;
                case ConnectResponse.MessageOneofCase.Task:
                    var given = input.Current.Task;
                    tally.Hold(given.Id);
                    _unsettled[given.Id] = new CompleteTaskRequest { Id = given.Id, Fence = new Fence { Epoch = _epoch, Attempt = given.Attempt } };
                    await conversation.CompleteAsync(given.Id, _unsettled[given.Id], end);
                    break;
                case ConnectResponse.MessageOneofCase.Answer:
                    Take(conversation, input.Current.Answer);
                    break;
            }
        }
        await beats;
    }

    private void Take(AgentConversation conversation, Answer answer)
    {
        if (conversation.TakeBeat(answer.Number) is { } sentAt)
            tally.Beat(Stopwatch.GetElapsedTime(sentAt));
        else if (conversation.TakeTask(answer.Number) is { } task && (StatusCode)answer.Code is not (StatusCode.Unavailable or StatusCode.ResourceExhausted or StatusCode.Aborted))
        {
            _unsettled.Remove(task);
            if (answer.Reason.Length == 0)
                tally.Acknowledge(task);
        }
    }
}
