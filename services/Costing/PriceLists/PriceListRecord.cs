using AgentPlatform.Contracts.Costing.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Costings;

/// <summary>A row of <c>costing.price_lists</c>.</summary>
public sealed record PriceListRecord(
    Guid Id, string Source, string Reason, int LinesCount, int NewCount, int ChangedCount, PriceListStatus Status, string Digest, string ProposedBy, string AgentId,
    DateTimeOffset ProposedAt, string ReviewedBy, DateTimeOffset? ReviewedAt, string ReviewReason)
{
    public PriceList ToProto() => new()
    {
        Id = Id.ToString(),
        Source = Source,
        Reason = Reason,
        LinesCount = LinesCount,
        NewCount = NewCount,
        ChangedCount = ChangedCount,
        Status = Status,
        Digest = Digest,
        ProposedBy = ProposedBy,
        AgentId = AgentId,
        ProposeTime = ProposedAt.ToTimestamp(),
        ReviewedBy = ReviewedBy,
        ReviewTime = ReviewedAt?.ToTimestamp(),
        ReviewReason = ReviewReason,
    };
}
