using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;
using static AgentPlatform.Tests.Costings.SpendCalls;
using Client = AgentPlatform.Contracts.Costing.V1.SpendService.SpendServiceClient;

namespace AgentPlatform.Tests.Costings;

/// <summary>A hundred callers, two instances and one budget for all: never a cent beyond it, whoever comes when.</summary>
public sealed class SpendRaceTests(Platform platform) : IClassFixture<Platform>
{
    private const int Agents = 10;
    private const int CallersEach = 10;
    private const int Limit = 300;
    private const string Used = "SELECT spent + reserved FROM costing.budgets WHERE scope = 'all_scope'";

    [Fact]
    public async Task A_hundred_spenders_on_two_instances_use_up_the_budget_and_no_more()
    {
        var ofAll = await platform.SetBudgetAsync(BudgetOf(BudgetScope.AllScope, "", Limit));
        var ofOne = await platform.SetBudgetAsync("racer-0", 20);
        await using var other = await platform.StartAnotherAsync("costing");
        using var stop = new CancellationTokenSource();
        var watching = WatchAsync(stop.Token);

        var results = await Task.WhenAll(Enumerable.Range(0, Agents * CallersEach).Select(async caller =>
        {
            var token = Tests.Tokens.Agent($"racer-{caller % Agents}");
            var client = caller % 2 == 0 ? await platform.ClientAsync<Client>(token) : platform.Client<Client>(other.GrpcAddress, token);
            return await SpendAsync(client, new Random(caller));
        }));
        await stop.CancelAsync();
        var most = await watching;

        // All asked for at most 3 until they were refused: less than that is left, of the whole or, for one agent, of its own.
        var after = await platform.BudgetAsync(ofAll.Id);
        Assert.InRange(most, 1, Limit);
        Assert.Equal(0, after.Reserved.Units);
        Assert.InRange(after.Left.Units, 0, 2);
        Assert.InRange((await platform.BudgetAsync(ofOne.Id)).Spent.Units, 1, 20);
        Assert.Equal([results.Sum()], await platform.SqlAsync<decimal>("SELECT sum(cost) FROM costing.usage"));
        Assert.Equal(results.Sum(), after.Spent.Units);
        Assert.Equal(results.Where((_, caller) => caller % Agents == 0).Sum(), (await platform.BudgetAsync(ofOne.Id)).Spent.Units);
    }

    // Reserves, and settles for that or less, until it is told no; gives back what it has spent.
    private static async Task<long> SpendAsync(Client client, Random random)
    {
        var spent = 0L;
        while (true)
        {
            var most = random.Next(1, 4);
            Reservation reservation;
            try { reservation = await client.ReserveAsync(Usd(most)); }
            catch (RpcException e) when (Refusal.From(e).Reason == "BUDGET_EXCEEDED")
            {
                // What others hold may come back; nobody is told no for good before there is nothing to be had.
                if (Refusal.From(e).Facts["reserved"] == "USD 0.00" || most == 1 && random.Next(4) == 0)
                    return spent;
                continue;
            }
            var cost = random.Next(0, most + 1);
            await client.SettleAsync(reservation, Usd(cost));
            spent += cost;
        }
    }

    // The most that was ever seen to be used, at moments of its own.
    private async Task<decimal> WatchAsync(CancellationToken stop)
    {
        var most = 0m;
        while (!stop.IsCancellationRequested)
            most = Math.Max(most, (await platform.SqlAsync<decimal>(Used)).Single());
        return most;
    }
}
