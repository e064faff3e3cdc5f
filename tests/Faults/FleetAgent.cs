using System.Collections.Concurrent;
using AgentPlatform.Bench.Chaos;
using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Machine = AgentPlatform.Contracts.Registry.V1.Platform;

namespace AgentPlatform.Tests.Faults;

/// <summary>An agent that works over its stream and breaks it off at will; it comes back with what it has not settled, and keeps its own record of all that it did.</summary>
public sealed class FleetAgent(string id, CallInvoker invoker, int seed)
{
    private const int MaxInFlight = 4;
    private const int TasksBetweenBreaks = 12;
    private static readonly TimeSpan BeatEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan PauseAfterBreak = TimeSpan.FromMilliseconds(200);

    private readonly RegistryService.RegistryServiceClient _registry = new(invoker);
    private readonly AgentLinkService.AgentLinkServiceClient _links = new(invoker);
    private readonly Random _random = new(seed);
    private readonly Dictionary<string, CompleteTaskRequest> _unsettled = [];
    private long _epoch;
    private long _number;

    public string Id => id;

    /// <summary>The tasks in the order in which they came first.</summary>
    public List<string> Seen { get; } = [];

    /// <summary>What was acknowledged, each with the result that was given.</summary>
    public ConcurrentDictionary<string, string> Acknowledged { get; } = new();

    /// <summary>How often the stream broke against the agent's will.</summary>
    public int Broken { get; private set; }

    /// <summary>What went wrong for good: there must be none.</summary>
    public List<string> Refusals { get; } = [];

    public async Task RegisterAsync(CancellationToken giveUp) => _epoch = (await Patience.UntilAnsweredAsync(
        async o => await _registry.RegisterAgentAsync(new RegisterAgentRequest { Platform = Machine.Linux, Version = "1", InstanceId = id }, o),
        $"register-{id}", _ => { }, giveUp)).Agent.Epoch;

    /// <summary>Works until it is stopped.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        while (!stop.IsCancellationRequested)
        {
            try
            {
                await ConnectAsync(stop);
            }
            catch (Exception e) when (e is RpcException or InvalidOperationException or OperationCanceledException)
            {
                if (stop.IsCancellationRequested)
                    return;
                if (e is RpcException { StatusCode: StatusCode.FailedPrecondition or StatusCode.NotFound or StatusCode.InvalidArgument or StatusCode.Internal or StatusCode.Unknown })
                    Refusals.Add(e.Message);
                Broken++;
                await Task.Delay(PauseAfterBreak, CancellationToken.None);
            }
        }
    }

    private async Task ConnectAsync(CancellationToken stop)
    {
        using var link = _links.Connect(cancellationToken: stop);
        await link.RequestStream.WriteAsync(new ConnectRequest { Hello = new Hello { Epoch = _epoch, MaxInFlight = MaxInFlight, RunningTaskIds = { _unsettled.Keys } } }, stop);
        var pending = new Dictionary<long, string>();
        var breakAfter = _random.Next(1, TasksBetweenBreaks);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var beats = Task.CompletedTask;
        var writing = new SemaphoreSlim(1, 1);
        try
        {
            while (breakAfter > 0 && await link.ResponseStream.MoveNext(stop))
            {
                var message = link.ResponseStream.Current;
                if (message.Welcome is not null)
                {
                    beats = BeatAsync(link.RequestStream, writing, ending.Token);
                    foreach (var (task, completion) in _unsettled)
                        await SendAsync(link.RequestStream, writing, completion, pending, task, stop);
                }
                else if (message.Task is { } task)
                {
                    breakAfter--;
                    if (!Seen.Contains(task.Id))
                        Seen.Add(task.Id);
                    var completion = new CompleteTaskRequest
                    {
                        Id = task.Id,
                        Fence = new Fence { Epoch = _epoch, Attempt = task.Attempt },
                        Result = new Struct { Fields = { ["by"] = Value.ForString($"{id}/{Guid.NewGuid()}") } },
                    };
                    _unsettled[task.Id] = completion;
                    await SendAsync(link.RequestStream, writing, completion, pending, task.Id, stop);
                }
                else if (message.Answer is { } answer && pending.Remove(answer.Number, out var settled))
                    Settle(settled, answer);
            }
        }
        finally
        {
            await ending.CancelAsync();
            await beats.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private void Settle(string task, Answer answer)
    {
        // Worth a repeat: it stays unsettled and is sent again on the next stream.
        if ((StatusCode)answer.Code is StatusCode.Unavailable or StatusCode.ResourceExhausted or StatusCode.Aborted or StatusCode.Cancelled or StatusCode.DeadlineExceeded)
            throw new InvalidOperationException($"{answer.Reason}: come back");
        if (_unsettled.Remove(task, out var completion) && answer.Reason.Length == 0 && !Acknowledged.TryAdd(task, ResultOf(completion)))
            Refusals.Add($"{task} was acknowledged twice");
    }

    private static string ResultOf(CompleteTaskRequest completion) => completion is { Result: { } given } ? given.Fields["by"].StringValue : "";

    private async Task SendAsync(IClientStreamWriter<ConnectRequest> output, SemaphoreSlim writing, CompleteTaskRequest completion, Dictionary<long, string> pending, string task,
        CancellationToken stop)
    {
        var number = Interlocked.Increment(ref _number);
        pending[number] = task;
        await WriteAsync(output, writing, new ConnectRequest { Number = number, Complete = completion }, stop);
    }

    private async Task BeatAsync(IClientStreamWriter<ConnectRequest> output, SemaphoreSlim writing, CancellationToken stop)
    {
        while (true)
        {
            await Task.Delay(BeatEvery, stop);
            await WriteAsync(output, writing, new ConnectRequest { Number = Interlocked.Increment(ref _number), Heartbeat = new HeartbeatRequest { Epoch = _epoch } }, stop);
        }
    }

    private static async Task WriteAsync(IClientStreamWriter<ConnectRequest> output, SemaphoreSlim writing, ConnectRequest request, CancellationToken stop)
    {
        await writing.WaitAsync(stop);
        try { await output.WriteAsync(request, stop); }
        finally { writing.Release(); }
    }
}
