using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Type.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace AgentPlatform.Bench.Costings;

/// <summary>The calls of the service that are measured, as an agent makes them; each change with an idempotency key of its own.</summary>
public sealed class CostingCalls
{
    /// <summary>Whose calls they are; <see cref="ByHand.HandWrittenCostings"/> writes it too.</summary>
    public const string AgentId = "bench";

    private const int Skus = 200;
    private const int LinesEach = 3;
    private const long MostUnits = 1_000_000_000;

    private readonly CostingService.CostingServiceClient _costings;
    private readonly SpendService.SpendServiceClient _spend;

    public CostingCalls(GrpcChannel channel, string agentToken)
    {
        var invoker = Authorized(channel, agentToken);
        (_costings, _spend) = (new(invoker), new(invoker));
    }

    /// <summary>What is set aside, or counted, in each call: little, so that no budget ends.</summary>
    public static Money Little { get; } = new() { CurrencyCode = "USD", Nanos = 2_500_000 };

    public static ReserveSpendRequest Reservation { get; } = new() { Amount = Little };

    public static RecordUsageRequest Usage { get; } = new()
    {
        Usage = new Usage { Kind = UsageKind.ModelTokens, QuantityMilli = 1_500_000, Resource = "model-1", Cost = Little },
    };

    /// <summary>A proposal for a booking that nobody else has.</summary>
    public static ProposeCostingRequest Proposal() => new()
    {
        BookingRef = NewKey(),
        Lines = { Enumerable.Range(0, LinesEach).Select(_ => new ProposedLine { Sku = SkuOf(Random.Shared.Next(Skus)), QuantityMilli = Random.Shared.Next(1, 100_000) }) },
    };

    /// <summary>Sets the prices and the two budgets that cover every call; gives back the budgets.</summary>
    public static async Task<Guid[]> SeedAsync(GrpcChannel channel, string superuserToken, string agentId)
    {
        var invoker = Authorized(channel, superuserToken);
        var (prices, budgets) = (new PriceService.PriceServiceClient(invoker), new BudgetService.BudgetServiceClient(invoker));
        for (var i = 0; i < Skus; i++)
            await prices.SetPriceAsync(new SetPriceRequest { Sku = SkuOf(i), Description = $"Something of kind {i}", Unit = "day", Reason = "bench", UnitPrice = new Money { CurrencyCode = "ZAR", Units = i, Nanos = 500_000_000 } });
        var most = new Money { CurrencyCode = "USD", Units = MostUnits };
        var own = await budgets.SetBudgetAsync(new SetBudgetRequest { Scope = BudgetScope.AgentScope, ScopeName = agentId, Period = BudgetPeriod.Day, HardLimit = most, Reason = "bench" });
        var all = await budgets.SetBudgetAsync(new SetBudgetRequest { Scope = BudgetScope.AllScope, Period = BudgetPeriod.Month, HardLimit = most, Reason = "bench" });
        return [Guid.Parse(own.Budget.Id), Guid.Parse(all.Budget.Id)];
    }

    public async Task<ProposeCostingResponse> ProposeAsync() => await _costings.ProposeCostingAsync(Proposal(), Key());

    public async Task<ReserveSpendResponse> ReserveAsync() => await _spend.ReserveSpendAsync(Reservation, Key());

    public async Task<RecordUsageResponse> RecordAsync() => await _spend.RecordUsageAsync(Usage, Key());

    /// <summary>A key that nobody has used.</summary>
    public static string NewKey() => Guid.NewGuid().ToString("N");

    private static string SkuOf(int number) => $"SKU-{number:000}";

    private static Metadata Key() => new() { { "idempotency-key", NewKey() } };

    private static CallInvoker Authorized(GrpcChannel channel, string token)
    {
        var authorization = $"Bearer {token}";
        return channel.Intercept(metadata => { metadata.Add("authorization", authorization); return metadata; });
    }
}
