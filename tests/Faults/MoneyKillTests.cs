using AgentPlatform.Bench.Chaos;
using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Type.V1;
using AgentPlatform.Tests.Costings;
using Grpc.Core;
using Grpc.Net.Client;
using static AgentPlatform.Tests.Costings.SpendCalls;

namespace AgentPlatform.Tests.Faults;

/// <summary>A hundred spenders, and many who invoice, while instances of Costing and the database's connections die.</summary>
[Collection(FaultCollection.Name)]
public sealed class MoneyKillTests(FaultCluster faults) : IAsyncDisposable
{
    private const int Spenders = 100;
    private const int Limit = 1_500;
    private const int Invoices = 60;
    private const int Kills = 4;
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(2);

    private readonly List<GrpcChannel> _channels = [];
    private readonly CancellationTokenSource _giveUp = new(GiveUpAfter);
    private int _inVain;

    public async ValueTask DisposeAsync()
    {
        foreach (var channel in _channels)
            channel.Dispose();
        _giveUp.Dispose();
        await faults.Cluster.StopCostingsAsync();
    }

    [Fact]
    public async Task Nobody_spends_beyond_the_limit_and_no_call_counts_twice_although_instances_die()
    {
        await faults.Cluster.StartCostingsAsync();
        var budget = (await AskAsync(o => Client<BudgetService.BudgetServiceClient>(0, Superuser).SetBudgetAsync(BudgetOf(BudgetScope.AllScope, "", Limit), o), "budget")).Budget;

        var spending = Task.WhenAll(Enumerable.Range(0, Spenders).Select(SpendAsync));
        await KillAsync(spending);
        var spent = (await spending).Sum();

        Assert.True(_inVain > 0, "Nobody noticed that anything was wrong; then this shows nothing.");
        Assert.Equal([(decimal)spent], await faults.SqlAsync<decimal>("SELECT sum(cost) FROM costing.usage"));
        Assert.Equal([(decimal)spent], await faults.SqlAsync<decimal>("SELECT spent FROM costing.budgets WHERE id = $1", Guid.Parse(budget.Id)));
        Assert.Equal([0m], await faults.SqlAsync<decimal>("SELECT reserved FROM costing.budgets WHERE id = $1", Guid.Parse(budget.Id)));
        Assert.InRange(spent, Limit / 2, Limit);
        await AskAsync(o => Client<BudgetService.BudgetServiceClient>(0, Superuser).RemoveBudgetAsync(new RemoveBudgetRequest { Id = budget.Id }, o), "remove");
    }

    [Fact]
    public async Task No_invoice_number_is_missing_or_given_twice_although_instances_die()
    {
        await faults.Cluster.StartCostingsAsync();
        var ids = await ApprovedAsync();

        var invoicing = Task.WhenAll(ids.Select((id, i) => AskAsync(
            o => Client<CostingService.CostingServiceClient>(i, faults.Cluster.AgentToken(Agent(i))).MarkInvoicedAsync(new MarkInvoicedRequest { Id = id }, o), $"invoice-{id}")));
        await KillAsync(invoicing);
        var numbers = (await invoicing).Select(r => r.Costing.InvoiceNumber).Order(StringComparer.Ordinal).ToList();

        Assert.Equal(numbers.Distinct(), numbers);
        Assert.Equal(Enumerable.Range(1, Invoices), await faults.SqlAsync<int>("SELECT invoice_sequence FROM costing.booking_costing WHERE invoice_year IS NOT NULL ORDER BY 1"));
        Assert.Equal([Invoices], await faults.SqlAsync<int>("SELECT last_sequence FROM costing.invoice_years"));
    }

    private static string Agent(int caller) => $"spender-{caller % 20}";

    private string Superuser => faults.Cluster.Key.Mint("user:sam", ["superuser"], null, TimeSpan.FromHours(1), TimeProvider.System);

    // Reserves, and settles for that or less, until it is told no; every call is sent again under its key until it is answered.
    private async Task<long> SpendAsync(int caller)
    {
        var (client, random, spent) = (Client<SpendService.SpendServiceClient>(caller, faults.Cluster.AgentToken(Agent(caller))), new Random(caller), 0L);
        for (var call = 0; ; call++)
        {
            var most = random.Next(1, 4);
            try
            {
                var reserved = await AskAsync(o => client.ReserveSpendAsync(new ReserveSpendRequest { Amount = Usd(most) }, o), $"reserve-{caller}-{call}");
                var cost = random.Next(0, most + 1);
                await AskAsync(o => client.SettleSpendAsync(new SettleSpendRequest { ReservationId = reserved.Reservation.Id, Usage = Tokens(Usd(cost)) }, o), $"settle-{caller}-{call}");
                spent += cost;
            }
            catch (RpcException e) when (Refusal.From(e).Reason == "BUDGET_EXCEEDED") { return spent; }
        }
    }

    private async Task<IReadOnlyList<string>> ApprovedAsync()
    {
        var price = new SetPriceRequest { Sku = "KILLED", Description = "A day", Unit = "day", Reason = "first", UnitPrice = new Money { CurrencyCode = "USD", Units = 5 } };
        await AskAsync(o => Client<PriceService.PriceServiceClient>(0, Superuser).SetPriceAsync(price, o), "price");
        return await Task.WhenAll(Enumerable.Range(0, Invoices).Select(async i =>
        {
            var request = new ProposeCostingRequest { BookingRef = $"BK-{i}", Lines = { new ProposedLine { Sku = "KILLED", QuantityMilli = 1_000 } } };
            var costing = (await AskAsync(o => Client<CostingService.CostingServiceClient>(i, faults.Cluster.AgentToken(Agent(i))).ProposeCostingAsync(request, o), $"propose-{i}")).Costing;
            var decision = new DecideCostingRequest { Id = costing.Id, Decision = Decision.Approve, Digest = costing.Digest };
            await AskAsync(o => Client<CostingService.CostingServiceClient>(i, Superuser).DecideCostingAsync(decision, o), $"decide-{i}");
            return costing.Id;
        }));
    }

    // One instance after the other, and all connections to the database at once in between, until all is done.
    private async Task KillAsync(Task work)
    {
        for (var kill = 0; kill < Kills && !work.IsCompleted; kill++)
        {
            var seen = Volatile.Read(ref _inVain);
            var instance = faults.Cluster.Costings[kill % 2];
            await instance.Process.KillAsync();
            await faults.SqlAsync<bool>("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'costing'");
            await Task.WhenAny(work, Eventually.TrueAsync(() => Task.FromResult(Volatile.Read(ref _inVain) > seen), "somebody noticed"));
            await instance.StartAsync();
        }
    }

    private async Task<T> AskAsync<T>(Func<CallOptions, AsyncUnaryCall<T>> send, string key) =>
        await Patience.UntilAnsweredAsync(async o => await send(o), key, _ => Interlocked.Increment(ref _inVain), _giveUp.Token);

    private T Client<T>(int caller, string token) where T : ClientBase<T>
    {
        var channel = GrpcChannel.ForAddress(faults.Cluster.Costings[caller % 2].GrpcAddress);
        lock (_channels)
            _channels.Add(channel);
        return (T)Activator.CreateInstance(typeof(T), Storm.Invoker(channel, token))!;
    }
}
