using AgentPlatform.Contracts.Operations.V1;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Client = AgentPlatform.Contracts.Registry.V1.RegistryService.RegistryServiceClient;
using Links = AgentPlatform.Contracts.Registry.V1.AgentLinkService.AgentLinkServiceClient;
using Machine = AgentPlatform.Contracts.Registry.V1.Platform;
using Operations = AgentPlatform.Contracts.Operations.V1.OperationsService.OperationsServiceClient;
using Stream = Grpc.Core.AsyncDuplexStreamingCall<AgentPlatform.Contracts.Registry.V1.ConnectRequest, AgentPlatform.Contracts.Registry.V1.ConnectResponse>;
using Tasks = AgentPlatform.Contracts.Registry.V1.AgentTaskService.AgentTaskServiceClient;

namespace AgentPlatform.Tests.Registries;

/// <summary>A fleet that comes all at once, to a pool with fewer places than it has agents.</summary>
public sealed class ArrivalTests : IClassFixture<Platform>
{
    private const int Agents = 150;

    private readonly Platform _platform;

    public ArrivalTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["registry"] = new() { ["Pool:Connections"] = "10", ["Pool:MaximumWaiting"] = "24" };
    }

    [Fact]
    public async Task A_fleet_that_comes_at_once_is_let_in_whole_and_again_with_what_it_holds()
    {
        var host = await _platform.StartAsync("registry");
        using var handler = new SocketsHttpHandler { EnableMultipleHttp2Connections = true };
        using var channel = GrpcChannel.ForAddress(host.GrpcAddress, new GrpcChannelOptions { HttpHandler = handler });
        CallInvoker As(string token) => channel.Intercept(metadata => { metadata.Add("authorization", $"Bearer {token}"); return metadata; });
        string[] ids = [.. Enumerable.Range(0, Agents).Select(i => $"arrival-{i:000}")];
        var invokers = Array.ConvertAll(ids, id => As(Tokens.Agent(id)));

        var registered = await Task.WhenAll(invokers.Select(i => new Client(i).RegisterAgentAsync(new RegisterAgentRequest { Platform = Machine.Linux, Version = "1" }).ResponseAsync));
        Assert.All(registered, r => Assert.Equal(1, r.Agent.Epoch));
        var operatorTasks = new Tasks(As(Tokens.Operator()));
        foreach (var some in ids.Chunk(50))
            await operatorTasks.CreateTasksAsync(new CreateTasksRequest { Tasks = { some.Select(id => new CreateTaskRequest { AgentId = id, Task = new TaskSpec { Type = "n" } }) } });

        // Each is handed its task, and the stream is broken before it is told of: the next one brings the task again, by the same fence.
        var first = await Task.WhenAll(invokers.Select(TakeFirstAsync));
        var again = await Task.WhenAll(invokers.Select(TakeFirstAsync));

        Assert.Equal(ids, first.Select(t => t.AgentId));
        Assert.Equal(first.Select(t => (t.Id, t.Attempt)), again.Select(t => (t.Id, t.Attempt)));
        Assert.Equal([(long)Agents], await _platform.SqlAsync<long>("SELECT count(*) FROM registry.agents WHERE id LIKE 'arrival-%' AND link = 2"));
        var pool = await new Operations(As(Tokens.Operator())).GetPoolStatisticsAsync(new GetPoolStatisticsRequest { Service = "registry" });
        Assert.All(pool.Tiers, t => Assert.Equal(0, t.CallsRefused));
    }

    [Fact]
    public async Task Of_streams_that_come_together_one_is_the_agents_and_the_others_learn_that_they_are_not()
    {
        const int Streams = 8;
        var agent = await TaskAgent.RegisterAsync(_platform, "manifold");
        var links = await _platform.ClientAsync<Links>(Tokens.Agent("manifold"));
        var streams = Enumerable.Range(0, Streams).Select(_ => links.Connect()).ToList();
        var readings = await Task.WhenAll(streams.Select(async stream =>
        {
            await stream.RequestStream.WriteAsync(new ConnectRequest { Hello = new Hello { Epoch = agent.Epoch } });
            return Task.Run(() => FirstTaskOrReasonAsync(stream));
        }));
        await Eventually.TrueAsync(() => Task.FromResult(readings.Count(r => r.IsCompleted) == Streams - 1), "all streams but one have ended");

        var made = await (await _platform.ClientAsync<Tasks>(Tokens.Operator())).CreateTaskAsync(new CreateTaskRequest { AgentId = "manifold", Task = new TaskSpec { Type = "n" } });
        var told = await Task.WhenAll(readings);
        Assert.Equal(Streams - 1, told.Count(t => t == "STREAM_REPLACED"));
        Assert.Contains(made.Task.Id, told);
        streams.ForEach(s => s.Dispose());
    }

    private static async Task<AgentTask> TakeFirstAsync(CallInvoker agent)
    {
        using var stream = new Links(agent).Connect();
        await stream.RequestStream.WriteAsync(new ConnectRequest { Hello = new Hello { Epoch = 1, MaxInFlight = 1 } });
        return await NextTaskAsync(stream);
    }

    private static async Task<AgentTask> NextTaskAsync(Stream stream)
    {
        while (await stream.ResponseStream.MoveNext())
            if (stream.ResponseStream.Current.Task is { } task)
                return task;
        throw new InvalidOperationException("The stream ended");
    }

    private static async Task<string> FirstTaskOrReasonAsync(Stream stream)
    {
        try { return (await NextTaskAsync(stream)).Id; }
        catch (RpcException e) { return Refusal.From(e).Reason; }
    }
}
