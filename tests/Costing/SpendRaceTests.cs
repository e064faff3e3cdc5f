using AgentPlatform.Bench.Chaos;
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
        // Each has one of its own, older than the one of all: what locks by age takes its own first, and must not meet the others half way.
        var ofOne = await platform.SetBudgetAsync("racer-0", 20);
        for (var agent = 1; agent < Agents; agent++)
            await platform.SetBudgetAsync($"racer-{agent}", Limit);
        var ofAll = await platform.SetBudgetAsync(BudgetOf(BudgetScope.AllScope, "", Limit));
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

        // What was held while others were told no came back; one after the other it can be had, to the last dollar.
        results[1] += await SpendAsync(await platform.ClientAsync<Client>(Tests.Tokens.Agent("racer-1")), random: null);
        var after = await platform.BudgetAsync(ofAll.Id);
        Assert.InRange(most, 1, Limit);
        Assert.Equal((Usd(Limit), Usd(0), Usd(0)), (after.Spent, after.Reserved, after.Left));
        Assert.InRange((await platform.BudgetAsync(ofOne.Id)).Spent.Units, 1, 20);
        Assert.Equal([(decimal)results.Sum()], await platform.SqlAsync<decimal>("SELECT sum(cost) FROM costing.usage"));
        Assert.Equal(results.Sum(), after.Spent.Units);
        Assert.Equal(results.Where((_, caller) => caller % Agents == 0).Sum(), (await platform.BudgetAsync(ofOne.Id)).Spent.Units);
    }

    // Reserves, and settles for that or less, until it is told no; without chance always one. Gives back what it has spent.
    private static async Task<long> SpendAsync(Client client, Random? random)
    {
        var spent = 0L;
        for (var most = 3; ; )
        {
            var amount = random?.Next(1, most + 1) ?? 1;
            try
            {
                var reserved = await AskAsync(o => client.ReserveSpendAsync(new ReserveSpendRequest { Amount = Usd(amount) }, o));
                var cost = random?.Next(0, amount + 1) ?? amount;
                await AskAsync(o => client.SettleSpendAsync(new SettleSpendRequest { ReservationId = reserved.Reservation.Id, Usage = Tokens(Usd(cost)) }, o));
                spent += cost;
            }
            catch (RpcException e) when (Refusal.From(e).Reason == "BUDGET_EXCEEDED")
            {
                if (amount == 1)
                    return spent;
                most = amount - 1;
            }
        }
    }

    // As clients do: where so many want a connection, some are told to come back.
    private static Task<T> AskAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> send) =>
        Patience.UntilAnsweredAsync(async o => await send(o), Guid.NewGuid().ToString("N"), _ => { }, CancellationToken.None);

    // The most that was ever seen to be used, at moments of its own.
    private async Task<decimal> WatchAsync(CancellationToken stop)
    {
        var most = 0m;
        while (!stop.IsCancellationRequested)
            most = Math.Max(most, (await platform.SqlAsync<decimal>(Used)).Single());
        return most;
    }
}
