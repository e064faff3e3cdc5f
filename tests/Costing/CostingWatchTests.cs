using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;
using static AgentPlatform.Tests.Costings.CostingCalls;
using Client = AgentPlatform.Contracts.Costing.V1.CostingService.CostingServiceClient;

namespace AgentPlatform.Tests.Costings;

public sealed class CostingWatchTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_watcher_on_another_instance_sees_the_decision_and_the_invoice_and_then_the_end()
    {
        await platform.SetPriceAsync("WATCHED", Zar(10));
        var agent = await As(Tokens.Agent("watcher"));
        var costing = await agent.ProposeAsync("BK-WATCHED", ("WATCHED", 1_000));
        await using var other = await platform.StartAnotherAsync("costing");
        using var watch = platform.Client<Client>(other.GrpcAddress, Tokens.Agent("watcher")).WatchCosting(new WatchCostingRequest { Id = costing.Id });

        Assert.Equal(costing, await NextAsync(watch));
        var decided = await (await As(Tokens.Superuser())).DecideAsync(costing, Decision.Approve);
        Assert.Equal(decided, await NextAsync(watch));
        var invoiced = (await agent.MarkInvoicedAsync(new MarkInvoicedRequest { Id = costing.Id })).Costing;
        Assert.Equal(invoiced, await NextAsync(watch));
        Assert.False(await watch.ResponseStream.MoveNext(CancellationToken.None));
        Assert.Equal([1, 2, 3], new[] { costing, decided, invoiced }.Select(c => c.Version));
    }

    [Fact]
    public async Task Another_agents_costing_cannot_be_watched()
    {
        await platform.SetPriceAsync("HIDDEN", Zar(10));
        var costing = await (await As(Tokens.Agent("owner"))).ProposeAsync("BK-HIDDEN", ("HIDDEN", 1_000));
        using var watch = (await As(Tokens.Agent("spy"))).WatchCosting(new WatchCostingRequest { Id = costing.Id });
        await Refusal.ExpectAsync(StatusCode.NotFound, "COSTING_NOT_FOUND", () => watch.ResponseStream.MoveNext(CancellationToken.None));
    }

    private static async Task<Costing> NextAsync(AsyncServerStreamingCall<WatchCostingResponse> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext(CancellationToken.None));
        return watch.ResponseStream.Current.Costing;
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);
}
