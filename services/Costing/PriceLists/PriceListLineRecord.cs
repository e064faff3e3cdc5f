using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Costings;

/// <summary>
/// A row of <c>costing.price_list_lines</c>: a price as it is proposed, and what it was compared with. <see cref="BaseVersion"/> is the last version that
/// the SKU had then, and <see cref="ComparedVersion"/> the one in force on the line's first day; zero for none.
/// </summary>
public sealed record PriceListLineRecord(int Number, PriceTerms Terms, PriceChange Change, long BaseVersion, long ComparedVersion, PriceRecord? Previous)
{
    public PriceListLine ToProto() => new() { Number = Number, Proposed = Terms.ToProto(), Change = Change, Previous = Previous?.ToProto() };
}
