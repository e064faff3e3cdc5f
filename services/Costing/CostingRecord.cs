using AgentPlatform.Contracts.Costing.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Costings;

/// <summary>A row of <c>costing.booking_costing</c>, with its lines unless it was read for a list.</summary>
public sealed record CostingRecord
{
    public required Guid Id { get; init; }
    public required string BookingRef { get; init; }
    public Guid? SessionId { get; init; }
    public required string AgentId { get; init; }

    /// <summary>The proposer's subject.</summary>
    public required string ProposedBy { get; init; }

    public required int TaxMillipercent { get; init; }
    public required Amount NetTotal { get; init; }
    public required Amount TaxTotal { get; init; }
    public required Amount Total { get; init; }
    public required CostingStatus Status { get; init; }
    public string Digest { get; init; } = "";
    public required DateTimeOffset ProposedAt { get; init; }
    public string? ReviewedBy { get; init; }
    public DateTimeOffset? ReviewedAt { get; init; }
    public string ReviewReason { get; init; } = "";
    public InvoiceNumber? InvoiceNumber { get; init; }
    public DateTimeOffset? InvoicedAt { get; init; }
    public string? InvoicedBy { get; init; }
    public required long Version { get; init; }
    public IReadOnlyList<CostingLineRecord> Lines { get; init; } = [];

    /// <summary>Whether it can change no more.</summary>
    public bool IsFinal => Status is CostingStatus.Rejected or CostingStatus.Invoiced;

    public Costing ToProto() => new()
    {
        Id = Id.ToString(),
        BookingRef = BookingRef,
        SessionId = SessionId?.ToString() ?? "",
        AgentId = AgentId,
        Lines = { Lines.Select(l => l.ToProto()) },
        TaxMillipercent = TaxMillipercent,
        NetTotal = NetTotal.ToMoney(),
        TaxTotal = TaxTotal.ToMoney(),
        Total = Total.ToMoney(),
        Status = Status,
        Digest = Digest,
        ProposeTime = ProposedAt.ToTimestamp(),
        ReviewedBy = ReviewedBy ?? "",
        ReviewTime = ReviewedAt?.ToTimestamp(),
        ReviewReason = ReviewReason,
        InvoiceNumber = InvoiceNumber?.ToString() ?? "",
        InvoiceTime = InvoicedAt?.ToTimestamp(),
        InvoicedBy = InvoicedBy ?? "",
        Version = Version,
    };
}
