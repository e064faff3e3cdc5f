using System.Threading.Channels;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>
/// One agent's stream. Three loops run beside each other: one reads and answers, one hands out tasks and commands, one writes. What is to be written waits in a
/// short queue: when the agent does not read, it fills, no more is handed out, and in the end the stream is closed; leases bring back what was never read.
/// </summary>
internal sealed class AgentLink(AgentLinkTools tools, IAsyncStreamReader<ConnectRequest> input, IServerStreamWriter<ConnectResponse> output, ServerCallContext context)
{
    private const int QueuedMessages = 64;
    private const int ClaimMaximum = 64;

    // As many as are committed together; an agent that says more is read no further meanwhile.
    private const int RequestsAtOnce = 32;

    // Until it has said who it is, no later stream takes its place: an agent could have as many of them as there is room for.
    private static readonly TimeSpan SlowestHello = TimeSpan.FromSeconds(15);

    private static readonly TimeSpan SlowestWrite = TimeSpan.FromSeconds(30);

    // What is being written when the stream ends.
    private static readonly TimeSpan LastWrite = TimeSpan.FromSeconds(1);

    // Word of tasks and commands comes at once; this is for when it was lost.
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(15);

    // A stream that begins waits for its turn as long as a call may take; then it is better off at another instance.
    private static readonly TimeSpan LongestBeginning = MessageLimits.DefaultDeadline;
    private static readonly TimeSpan BeginAgainAfter = TimeSpan.FromMilliseconds(250);

    private readonly Channel<ConnectResponse> _queue = Channel.CreateBounded<ConnectResponse>(new BoundedChannelOptions(QueuedMessages) { SingleReader = true });
    private readonly TaskCompletionSource _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly HashSet<Guid> _toldCancels = [];
    private readonly string _agentId = context.Caller().AgentId;
    private readonly long _begunAt = tools.Clock.GetTimestamp();
    private long _toldConfig;
    private long _link;

    /// <summary>Runs until the agent leaves or loses its right, or the process stops.</summary>
    public async Task RunAsync(CancellationToken stop)
    {
        var hello = await HelloAsync(stop);
        var running = Check(hello);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(stop);
        var writing = WriteAsync(end.Token);
        Task[] loops = [writing, ReadAsync(end.Token), DeliverAsync(hello!, running, end.Token)];
        var first = await Task.WhenAny([.. loops, _broken.Task]);
        // Reading ends when the agent has said all; what it was answered is still to be written.
        if (first == loops[1] && first.IsCompletedSuccessfully)
        {
            _queue.Writer.TryComplete();
            await Task.WhenAny(writing);
        }
        await end.CancelAsync();
        foreach (var loop in loops)
            await loop.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await first;
    }

    private async Task<Hello?> HelloAsync(CancellationToken stop)
    {
        try { return await IsMoreSaidAsync(stop).WaitAsync(SlowestHello, stop) ? input.Current.Hello : null; }
        catch (TimeoutException)
        {
            throw new PlatformException(StatusCode.DeadlineExceeded, "HELLO_TOO_SLOW", $"The stream has said nothing for {SlowestHello.TotalSeconds} s.");
        }
    }

    private static Guid[] Check(Hello? hello)
    {
        var checks = new FieldChecks().Require(hello is not null, "hello", "is required as the first message")
            .Require(hello is null or { Epoch: > 0 }, "hello.epoch", "is required, and positive")
            .Require(hello?.MaxInFlight is null or >= 0 and <= TaskPolls.HeldMaximum, "hello.max_in_flight", $"must be 1 to {TaskPolls.HeldMaximum}")
            .Require(hello?.RunningTaskIds.Count is null or <= TaskPolls.HeldMaximum, "hello.running_task_ids", $"has more than {TaskPolls.HeldMaximum} ids");
        var running = new Guid[Math.Min(hello?.RunningTaskIds.Count ?? 0, TaskPolls.HeldMaximum)];
        for (var i = 0; i < running.Length; i++)
            checks.Id($"hello.running_task_ids[{i}]", hello!.RunningTaskIds[i], out running[i]);
        checks.ThrowIfAny();
        return running;
    }

    private async Task WriteAsync(CancellationToken stop)
    {
        await foreach (var message in _queue.Reader.ReadAllAsync(stop))
        {
            // Without the token: gRPC resets a stream whose write is cancelled, and the agent would never hear why it has ended.
            var writing = output.WriteAsync(message, CancellationToken.None);
            try { await writing.WaitAsync(SlowestWrite, stop); }
            catch (TimeoutException)
            {
                throw new PlatformException(StatusCode.ResourceExhausted, "SLOW_READER", $"The agent has not read for {SlowestWrite.TotalSeconds} s.");
            }
            catch (OperationCanceledException)
            {
                await writing.WaitAsync(LastWrite, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                throw;
            }
        }
    }

    // What is said of several tasks overlaps, so that their ends are committed together; what is said of one task is done in its order.
    private async Task ReadAsync(CancellationToken stop)
    {
        var answering = new List<(string TaskId, Task Done)>(RequestsAtOnce);
        while (await IsMoreSaidAsync(stop))
        {
            answering.RemoveAll(a => a.Done.IsCompleted);
            if (answering.Count == RequestsAtOnce)
                await Task.WhenAny(answering.Select(a => a.Done));
            var taskId = TaskIdOf(input.Current);
            var before = answering.FindLast(a => a.TaskId == taskId && taskId.Length > 0).Done ?? Task.CompletedTask;
            answering.Add((taskId, AnswerAsync(input.Current, before, stop)));
        }
        await Task.WhenAll(answering.Select(a => a.Done));
    }

    private async Task<bool> IsMoreSaidAsync(CancellationToken stop)
    {
        try { return await input.MoveNext(stop); }
        // An agent that is gone without a farewell is no failure of ours.
        catch (IOException e) { throw new PlatformException(StatusCode.Cancelled, "CANCELLED", "The agent has gone.", e); }
    }

    private static string TaskIdOf(ConnectRequest request) => request.MessageCase switch
    {
        ConnectRequest.MessageOneofCase.Start => request.Start.Id,
        ConnectRequest.MessageOneofCase.Progress => request.Progress.Id,
        ConnectRequest.MessageOneofCase.Extend => request.Extend.Id,
        ConnectRequest.MessageOneofCase.Complete => request.Complete.Id,
        ConnectRequest.MessageOneofCase.Fail => request.Fail.Id,
        _ => "",
    };

    // Never fails by itself: whatever nobody foresaw ends the stream.
    private async Task AnswerAsync(ConnectRequest request, Task before, CancellationToken stop)
    {
        try
        {
            await before;
            await _queue.Writer.WriteAsync(new ConnectResponse { Answer = await AnswerAsync(request, stop) }, stop);
        }
        catch (Exception e) { _broken.TrySetException(e); }
    }

    private async Task<Answer> AnswerAsync(ConnectRequest request, CancellationToken stop)
    {
        var answer = new Answer { Number = request.Number };
        // A sign of life waits for nobody.
        var needsRoom = request.Heartbeat is null;
        if (needsRoom)
            await tools.Room.WaitAsync(stop);
        try
        {
            await HandleAsync(request, answer);
        }
        catch (PlatformException e) { (answer.Code, answer.Reason, answer.Message) = ((int)e.Code, e.Reason, e.Message); }
        // The database is away for a moment: that is no reason to lose the stream.
        catch (Exception e) when (e is NpgsqlException or TimeoutException)
        {
            var error = Errors.Unavailable("The database", e);
            (answer.Code, answer.Reason, answer.Message) = ((int)error.Code, error.Reason, error.Message);
        }
        finally
        {
            if (needsRoom)
                tools.Room.Release();
        }
        return answer;
    }

    private async Task HandleAsync(ConnectRequest request, Answer answer)
    {
        switch (request.MessageCase)
        {
            case ConnectRequest.MessageOneofCase.Heartbeat:
                answer.Heartbeat = await tools.Heartbeats.BeatAsync(request.Heartbeat, context);
                break;
            case ConnectRequest.MessageOneofCase.Start:
                await tools.Held.StartAsync(request.Start, context);
                break;
            case ConnectRequest.MessageOneofCase.Progress:
                answer.CancelRequested = (await tools.Held.ReportAsync(request.Progress, context)).CancelRequested;
                break;
            case ConnectRequest.MessageOneofCase.Extend:
                await tools.Held.ExtendAsync(request.Extend, context);
                break;
            case ConnectRequest.MessageOneofCase.Complete:
                await tools.Held.CompleteAsync(request.Complete, context);
                break;
            case ConnectRequest.MessageOneofCase.Fail:
                await tools.Held.FailAsync(request.Fail, context);
                break;
            default:
                throw Errors.InvalidArgument("message", "must be a heartbeat, or something about a task; a hello comes first and once");
        }
    }

    private async Task DeliverAsync(Hello hello, Guid[] running, CancellationToken stop)
    {
        var arrival = await BeginAsync(() => tools.Arrivals.ArriveAsync(_agentId, hello.Epoch, stop), stop)
            ?? throw RegistryRules.WhyRefused(await tools.Agents.FindAsync(_agentId, context), _agentId, hello.Epoch);
        _link = arrival.Link;
        // From before the first look, so that nothing falls between.
        using var waiter = tools.Dispatcher.Enter(arrival.Agent);
        var answer = await BeginAsync(
            () => tools.Heartbeats.BeatAsync(new HeartbeatRequest { Epoch = hello.Epoch, RunningTaskIds = { hello.RunningTaskIds } }, context), stop);
        _toldConfig = answer.ConfigVersion;
        await _queue.Writer.WriteAsync(new ConnectResponse { Welcome = new Welcome { Heartbeat = answer } }, stop);
        if (arrival.HoldsTasks)
            await GiveAsync(await BeginAsync(() => tools.Turns.TakeAsync(() => ResumeAsync(hello.Epoch, running), stop), stop), stop);
        waiter.Stream = new AgentStream(hello.Epoch, _link, Math.Max(1, hello.MaxInFlight));
        var isWoken = false;
        while (true)
            isWoken = !await LookAsync(waiter, waiter.Stream, isWoken, stop) || await WaitAsync(waiter, stop);
    }

    // Until it is to look for tasks; true when it was woken for that. What it is handed over meanwhile needs no look.
    private async Task<bool> WaitAsync(Waiter waiter, CancellationToken stop)
    {
        while (true)
        {
            var isWoken = await waiter.WaitAsync(LookEvery, stop);
            await GiveAsync(waiter.HandedOver(), stop);
            if (!isWoken || waiter.MustLook())
                return isWoken;
        }
    }

    private async Task GiveAsync(IEnumerable<AgentTaskRecord> tasks, CancellationToken stop)
    {
        foreach (var task in tasks)
            await _queue.Writer.WriteAsync(new ConnectResponse { Task = task.ToProto() }, stop);
    }

    // That there is no connection for the moment is no reason to turn a stream away that would only come back at once.
    private async Task<T> BeginAsync<T>(Func<Task<T>> step, CancellationToken stop)
    {
        while (true)
        {
            try { return await step(); }
            catch (PlatformException e) when (e.Code == StatusCode.ResourceExhausted && tools.Clock.GetElapsedTime(_begunAt) < LongestBeginning)
            {
                await Task.Delay(BeginAgainAfter, tools.Clock, stop);
            }
        }
    }

    // What it was given and does not know is on its way again, by the same fence; what it had begun and no longer runs is a lost attempt.
    private async Task<List<AgentTaskRecord>> ResumeAsync(long epoch, Guid[] running)
    {
        await using var work = await tools.Database.BeginAsync(context);
        var unnamed = await tools.Leases.FindUnnamedAsync(work, _agentId, epoch, _link, running);
        foreach (var task in unnamed.Where(t => t.Status is AgentTaskStatus.InProgress))
            tools.Tasks.Change(work, AgentTaskRules.Lose(task, AgentTaskRules.LeaseLost, "The agent came back without it.", tools.Database.Now));
        await work.CommitAsync();
        return unnamed.FindAll(t => t.Status is AgentTaskStatus.Assigned);
    }

    // False when there may be more at once. Who was woken for a task takes it; whoever looks by himself asks first, together with all others, whether there is one.
    private async Task<bool> LookAsync(Waiter waiter, AgentStream stream, bool isWoken, CancellationToken stop)
    {
        try
        {
            waiter.MayBeFull = true;
            if (!isWoken && await tools.Views.ReadAsync(_agentId) is { CanTakeTasks: false } view)
            {
                waiter.MayBeFull = false;
                await TellAsync(view.Standing, stream.Epoch, stop);
                return true;
            }
            // Who is being handed over to needs the room for that; if it comes to nothing, he hears of what waits.
            var room = stream with { MaxInFlight = Math.Max(0, stream.MaxInFlight - waiter.Offers) };
            var taken = await tools.Turns.TakeAsync(() => ClaimAsync(room), stop);
            // What it was handed over meanwhile may have been made before what it found, or after that.
            await GiveAsync(taken.Tasks.Concat(waiter.HandedOver()).OrderByDescending(t => t.Priority).ThenBy(t => t.Id), stop);
            await TellAsync(taken.Standing, stream.Epoch, stop);
            // A task that has ended since has woken this one already.
            waiter.MayBeFull = taken.Tasks.Count >= taken.Room;
            return taken.Tasks.Count < ClaimMaximum;
        }
        // As above: the next look may find it back.
        catch (Exception e) when (e is NpgsqlException or TimeoutException or PlatformException { Code: StatusCode.Unavailable or StatusCode.ResourceExhausted or StatusCode.Aborted })
        {
            return true;
        }
    }

    private async Task<HandedOut> ClaimAsync(AgentStream stream)
    {
        await using var work = await tools.Database.BeginAsync(context);
        return await tools.Leases.ClaimAndCommitAsync(work, _agentId, stream, ClaimMaximum);
    }

    private async Task TellAsync(AgentStanding? agent, long epoch, CancellationToken stop)
    {
        if (agent?.Admits(epoch) is not true)
            throw RegistryRules.WhyRefused(await tools.Agents.FindAsync(_agentId, context), _agentId, epoch);
        if (agent.Link != _link)
            throw Errors.FailedPrecondition("STREAM_REPLACED", $"Agent {_agentId} has connected again, by another stream.");
        foreach (var id in agent.CancelTasks.Where(_toldCancels.Add))
            await _queue.Writer.WriteAsync(new ConnectResponse { CancelTaskId = id.ToString() }, stop);
        // Those that it no longer holds need not be remembered.
        _toldCancels.IntersectWith(agent.CancelTasks);
        if (agent.ConfigVersion != _toldConfig)
            await _queue.Writer.WriteAsync(new ConnectResponse { ConfigVersion = _toldConfig = agent.ConfigVersion }, stop);
    }
}
