using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Type.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Costing.V1.CostingService.CostingServiceClient;
using Prices = AgentPlatform.Contracts.Costing.V1.PriceService.PriceServiceClient;

namespace AgentPlatform.Tests.Costings;

/// <summary>Calls of Costing in as few words as a test can bear.</summary>
internal static class CostingCalls
{
    public static Money Zar(long units, int nanos = 0) => new() { CurrencyCode = "ZAR", Units = units, Nanos = nanos };

    public static Metadata Key(string key) => new() { { "idempotency-key", key } };

    public static SetPriceRequest PriceOf(string sku, Money unitPrice) =>
        new() { Sku = sku, Description = $"A {sku}", Unit = "day", UnitPrice = unitPrice, Reason = "new season" };

    public static async Task<Price> SetAsync(this Prices client, string sku, Money unitPrice) =>
        (await client.SetPriceAsync(PriceOf(sku, unitPrice))).Price;

    /// <summary>Sets a price as a superuser who has nothing else to do with the test.</summary>
    public static async Task<Price> SetPriceAsync(this Platform platform, string sku, Money unitPrice) =>
        await (await platform.ClientAsync<Prices>(Tokens.Superuser("setter"))).SetAsync(sku, unitPrice);

    public static ProposeCostingRequest Proposal(string booking, params (string Sku, long QuantityMilli)[] lines) => new()
    {
        BookingRef = booking,
        Lines = { lines.Select(l => new ProposedLine { Sku = l.Sku, QuantityMilli = l.QuantityMilli }) },
    };

    public static async Task<Costing> ProposeAsync(this Client client, string booking, params (string Sku, long QuantityMilli)[] lines) =>
        (await client.ProposeCostingAsync(Proposal(booking, lines))).Costing;

    public static async Task<Costing> DecideAsync(this Client client, Costing costing, Decision decision, string reason = "", string? digest = null) =>
        (await client.DecideCostingAsync(new DecideCostingRequest
        {
            Id = costing.Id,
            Decision = decision,
            Digest = digest ?? costing.Digest,
            Reason = reason,
        })).Costing;

    public static async Task<Costing> GetAsync(this Client client, string id) =>
        (await client.GetCostingAsync(new GetCostingRequest { Id = id })).Costing;
}
