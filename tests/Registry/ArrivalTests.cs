using AgentPlatform.Contracts.Operations.V1;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;
using Npgsql;
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
        Assert.Equal([.. Enumerable.Repeat("STREAM_REPLACED", Streams - 1), made.Task.Id], told.OrderBy(t => t == made.Task.Id));
        streams.ForEach(s => s.Dispose());
    }

    [Fact]
    public async Task Who_has_left_before_he_was_let_in_does_not_take_the_place_of_his_next_stream()
    {
        foreach (var id in new[] { "first", "leaver", "last" })
            await TaskAgent.RegisterAsync(_platform, id);
        await using var other = await _platform.StartAnotherAsync("registry");
        // On one connection, so that what is sent is known in its order.
        using var channel = GrpcChannel.ForAddress((await _platform.StartAsync("registry")).GrpcAddress);
        Links As(string id) => new(channel.Intercept(metadata => { metadata.Add("authorization", $"Bearer {Tokens.Agent(id)}"); return metadata; }));
        using var leaving = new CancellationTokenSource();
        Stream first, last;
        await using (var holder = new NpgsqlConnection(_platform.AdminConnection + ";Pooling=false"))
        {
            await holder.OpenAsync();
            await using var hold = new NpgsqlCommand("BEGIN; SELECT FROM registry.agents WHERE id = 'first' FOR UPDATE", holder);
            await hold.ExecuteNonQueryAsync();
            first = await HelloAsync(As("first").Connect());
            await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'registry%' AND wait_event_type = 'Lock'"))[0] > 0, "the first one is not let in");
            using (await HelloAsync(As("leaver").Connect(cancellationToken: leaving.Token)))
            {
                await HeardAsync();
                await leaving.CancelAsync();
            }
            await HeardAsync();
            last = await HelloAsync(As("last").Connect());
            await HeardAsync();

            // By the other instance he is let in at once.
            using var again = await HelloAsync(_platform.Client<Links>(other.GrpcAddress, Tokens.Agent("leaver")).Connect());
            await WelcomedAsync(again);
            await holder.CloseAsync();
            await WelcomedAsync(first);
            await WelcomedAsync(last);
        }
        Assert.Equal([1L], await _platform.SqlAsync<long>("SELECT link FROM registry.agents WHERE id = 'leaver'"));
        first.Dispose();
        last.Dispose();

        Task HeardAsync() => Refusal.ExpectFieldsAsync(async () =>
        {
            using var refused = await HelloAsync(As("first").Connect(), epoch: 0);
            await refused.ResponseStream.MoveNext();
        }, "hello.epoch");
    }

    private static async Task<Stream> HelloAsync(Stream stream, long epoch = 1)
    {
        await stream.RequestStream.WriteAsync(new ConnectRequest { Hello = new Hello { Epoch = epoch, MaxInFlight = 1 } });
        return stream;
    }

    private static async Task WelcomedAsync(Stream stream)
    {
        Assert.True(await stream.ResponseStream.MoveNext());
        Assert.NotNull(stream.ResponseStream.Current.Welcome);
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
        catch (RpcException e) { return Refusal.From(e).Reason is { Length: > 0 } reason ? reason : e.Status.ToString(); }
    }
}
