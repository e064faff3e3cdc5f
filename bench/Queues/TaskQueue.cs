using System.Diagnostics;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Npgsql;
using Machine = AgentPlatform.Contracts.Registry.V1.Platform;

namespace AgentPlatform.Bench.Queues;

/// <summary>Registry's tasks as a queue: an operator makes them, agents on streams hold and complete them.</summary>
public sealed class TaskQueue : IDisposable
{
    private const string Role = "bench";
    private const int BatchTasks = 500;

    private readonly BenchPlatform _platform;
    private readonly string _gateway;
    private readonly GrpcChannel _channel;
    private readonly GrpcChannel _agentChannel;
    private readonly AgentTaskService.AgentTaskServiceClient _tasks;
    private readonly List<WorkingAgent> _agents = [];
    private int _next;

    private TaskQueue(BenchPlatform platform, string gateway)
    {
        (_platform, _gateway) = (platform, gateway);
        (_channel, _agentChannel) = (NewChannel(), NewChannel());
        _tasks = new AgentTaskService.AgentTaskServiceClient(InvokerOf(_channel, platform.OperatorToken()));
    }

    /// <summary>Registers the agents.</summary>
    public static async Task<TaskQueue> OpenAsync(BenchPlatform platform, string gateway)
    {
        var queue = new TaskQueue(platform, gateway);
        for (var i = 0; i < QueueContest.Workers; i++)
        {
            var id = $"bench-{i:00}";
            var invoker = InvokerOf(queue._agentChannel, platform.AgentToken(id));
            var request = new RegisterAgentRequest { Platform = Machine.Linux, Version = "1", Roles = { Role } };
            var registered = await new RegistryService.RegistryServiceClient(invoker).RegisterAgentAsync(request);
            queue._agents.Add(new WorkingAgent(id, registered.Agent.Epoch, new AgentLinkService.AgentLinkServiceClient(invoker)));
        }
        return queue;
    }

    public Queue Queue(string name) => new(name, StartAsync, CreateAsync, DrainAsync);

    public void Dispose()
    {
        _channel.Dispose();
        _agentChannel.Dispose();
    }

    private async Task StartAsync(int callers, TimeSpan round, LoadResult result)
    {
        TaskCompletionSource? held = null;
        var agent = _agents[0];
        await using (var work = await agent.WorkAsync(() => held!.SetResult(), () => { }))
        {
            await LoadRound.RunAsync(callers, round, async () =>
            {
                held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                await CreateOneAsync(agent.Id);
                await Task.WhenAny(held.Task, work.Reading).Unwrap();
            }, result);
        }
        await ClearAsync();
    }

    private async Task CreateAsync(int callers, TimeSpan round, LoadResult result)
    {
        await LoadRound.RunAsync(callers, round, () => CreateOneAsync(_agents[(int)((uint)Interlocked.Increment(ref _next) % _agents.Count)].Id), result);
        await ClearAsync();
    }

    private async Task<TimeSpan> DrainAsync()
    {
        var batch = new CreateTasksRequest();
        for (var i = 0; i < BatchTasks; i++)
            batch.Tasks.Add(new CreateTaskRequest { Any = new AgentSelection { Role = Role }, Task = NewTask() });
        for (var made = 0; made < QueueContest.DrainedJobs; made += BatchTasks)
            await _tasks.CreateTasksAsync(batch, Key());

        var (left, finished) = (QueueContest.DrainedJobs, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        void Count()
        {
            if (Interlocked.Decrement(ref left) == 0)
                finished.SetResult();
        }
        var startedAt = Stopwatch.GetTimestamp();
        var works = await Task.WhenAll(_agents.Select(a => a.WorkAsync(() => { }, Count)));
        await Task.WhenAny(works.Select(w => w.Reading).Append(finished.Task)).Unwrap();
        var took = Stopwatch.GetElapsedTime(startedAt);
        foreach (var work in works)
            await work.DisposeAsync();
        await ClearAsync();
        return took;
    }

    private async Task CreateOneAsync(string agent) => await _tasks.CreateTaskAsync(new CreateTaskRequest { AgentId = agent, Task = NewTask() }, Key());

    private static TaskSpec NewTask() => new() { Type = "bench.run" };

    // So that no round finds what the one before has left, as with the peers.
    private async Task ClearAsync()
    {
        await using var connection = new NpgsqlConnection($"{_platform.Admin};Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("TRUNCATE registry.tasks CASCADE", connection);
        await command.ExecuteNonQueryAsync();
    }

    private GrpcChannel NewChannel() => GrpcChannel.ForAddress(_gateway, new GrpcChannelOptions { HttpHandler = new SocketsHttpHandler { UseProxy = false } });

    private static CallInvoker InvokerOf(GrpcChannel channel, string token)
    {
        var authorization = $"Bearer {token}";
        return channel.Intercept(metadata => { metadata.Add("authorization", authorization); return metadata; });
    }

    private static Metadata Key() => new() { { "idempotency-key", Guid.NewGuid().ToString("N") } };
}
