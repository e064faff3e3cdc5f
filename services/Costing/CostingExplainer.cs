using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;

namespace AgentPlatform.Costings;

/// <summary>Tells how a costing came about, from its own rows and the versions of prices that they name, which never change.</summary>
public sealed class CostingExplainer(Database database)
{
    public async Task<ExplainCostingResponse> ExplainAsync(CostingRecord costing, ServerCallContext context)
    {
        var reads = new ReadBatch();
        var skus = costing.Lines.Select(l => l.Sku).ToArray();
        var prices = PriceStore.ReadVersions(reads, skus, [.. costing.Lines.Select(l => l.PriceVersion)]);
        var inForce = PriceStore.ReadOnDays(reads, skus, [.. costing.Lines.Select(l => l.Day)]);
        await database.ReadAsync(context, reads);

        var priceOf = prices.ToDictionary(p => p.Number, p => p.Price);
        var versionOf = inForce.ToDictionary(p => p.Number, p => p.Price.Version);
        return new ExplainCostingResponse
        {
            Costing = costing.ToProto(),
            Steps = { CostingSteps.Of(costing) },
            Lines =
            {
                costing.Lines.Select((line, i) => new LineExplanation
                {
                    Number = i + 1,
                    Line = line.ToProto(),
                    Price = priceOf[i + 1].ToProto(),
                    Steps = { CostingSteps.Of(line, priceOf[i + 1].Terms.Unit, costing.TaxMillipercent) },
                    VersionInForce = versionOf.GetValueOrDefault(i + 1),
                }),
            },
        };
    }
}
