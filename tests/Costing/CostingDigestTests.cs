using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Costings;

namespace AgentPlatform.Tests.Costings;

public sealed class CostingDigestTests
{
    private static readonly CostingLineRecord Line =
        new("TENT-6X6", "Tent", new DateOnly(2026, 6, 30), 1_500, 1_000, Amount.Of("ZAR", 1250.50m), 2, Amount.Of("ZAR", 1688.18m), Amount.Of("ZAR", 253.23m));

    private static readonly CostingRecord Example = new()
    {
        Id = Guid.Parse("01980000-0000-7000-8000-000000000001"),
        BookingRef = "BK-1",
        AgentId = "revenue_v1",
        ProposedBy = "agent:revenue_v1",
        TaxMillipercent = 15_000,
        NetTotal = Line.Amount,
        TaxTotal = Line.Tax,
        Total = Amount.Of("ZAR", 1941.41m),
        Status = CostingStatus.PendingReview,
        ProposedAt = DateTimeOffset.UnixEpoch,
        Version = 1,
        Lines = [Line],
    };

    public static TheoryData<string, CostingRecord> Others => new()
    {
        { "id", Example with { Id = Guid.Parse("01980000-0000-7000-8000-000000000002") } },
        { "booking", Example with { BookingRef = "BK-2" } },
        { "session", Example with { SessionId = Guid.Parse("01980000-0000-7000-8000-000000000003") } },
        { "agent", Example with { AgentId = "revenue_v2" } },
        { "net total", Example with { NetTotal = Amount.Of("ZAR", 1688.19m) } },
        { "tax total", Example with { TaxTotal = Amount.Of("ZAR", 253.24m) } },
        { "total", Example with { Total = Amount.Of("ZAR", 1941.42m) } },
        { "currency", Example with { Total = Amount.Of("USD", 1941.41m) } },
        { "rate of the tax", Example with { TaxMillipercent = 15_001 } },
        { "no lines", Example with { Lines = [] } },
        { "a line twice", Example with { Lines = [Line, Line] } },
        { "sku", Example with { Lines = [Line with { Sku = "TENT-6x6" }] } },
        { "day", Example with { Lines = [Line with { Day = new DateOnly(2026, 7, 1) }] } },
        { "quantity", Example with { Lines = [Line with { QuantityMilli = 1_501 }] } },
        { "discount", Example with { Lines = [Line with { DiscountBasisPoints = 1_001 }] } },
        { "price", Example with { Lines = [Line with { UnitPrice = Amount.Of("ZAR", 1250.51m) }] } },
        { "price version", Example with { Lines = [Line with { PriceVersion = 3 }] } },
        { "amount", Example with { Lines = [Line with { Amount = Amount.Of("ZAR", 1688.19m) }] } },
        { "tax", Example with { Lines = [Line with { Tax = Amount.Of("ZAR", 253.24m) }] } },
    };

    // The number is in the README too, and was made from the bytes that stand there by another program (sha256sum).
    [Fact]
    public void The_digest_is_what_the_readme_says() =>
        Assert.Equal("fcc7787b909de7f45acd366a604bb999fd6cfcb5e7adc2f284d0d7746afd2e25", CostingDigest.Of(Example));

    [Theory]
    [MemberData(nameof(Others), DisableDiscoveryEnumeration = true)]
    public void Whatever_a_decider_sees_changes_the_digest(string what, CostingRecord other) =>
        Assert.True(CostingDigest.Of(Example) != CostingDigest.Of(other), $"{what} is not covered");

    [Fact]
    public void The_digest_of_a_proposal_does_not_change_when_it_is_decided() =>
        Assert.Equal(CostingDigest.Of(Example), CostingDigest.Of(Example with { Status = CostingStatus.Approved, ReviewedBy = "user:sam", ReviewReason = "fine", Version = 2 }));

    [Fact]
    public void A_text_that_imitates_the_next_field_gives_another_digest() =>
        Assert.NotEqual(
            CostingDigest.Of(Example with { BookingRef = "BK-1,0:", AgentId = "x" }),
            CostingDigest.Of(Example with { BookingRef = "BK-1", AgentId = "0:,x" }));
}
