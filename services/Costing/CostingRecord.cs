using AgentPlatform.Contracts.Costing.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Costings;

/// <summary>A row of <c>costing.booking_costing</c>, with its lines unless it was read for a list.</summary>
public sealed record CostingRecord(
    Guid Id, string BookingRef, Guid? SessionId, string AgentId, string ProposedBy, Amount Total, CostingStatus Status,
    string Digest, DateTimeOffset ProposedAt, string? ReviewedBy, DateTimeOffset? ReviewedAt, string ReviewReason,
    IReadOnlyList<CostingLineRecord> Lines)
{
    public Costing ToProto() => new()
    {
        Id = Id.ToString(),
        BookingRef = BookingRef,
        SessionId = SessionId?.ToString() ?? "",
        AgentId = AgentId,
        Lines = { Lines.Select(l => l.ToProto()) },
        Total = Total.ToMoney(),
        Status = Status,
        Digest = Digest,
        ProposeTime = ProposedAt.ToTimestamp(),
        ReviewedBy = ReviewedBy ?? "",
        ReviewTime = ReviewedAt?.ToTimestamp(),
        ReviewReason = ReviewReason,
    };
}
