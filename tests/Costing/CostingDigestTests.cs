using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Costings;

namespace AgentPlatform.Tests.Costings;

public sealed class CostingDigestTests
{
    private static readonly CostingLineRecord Line =
        new("TENT-6X6", "Tent", 1_500, Amount.Of("ZAR", 1250.50m), 2, Amount.Of("ZAR", 1875.75m));

    private static readonly CostingRecord Example = new(
        Guid.Parse("01980000-0000-7000-8000-000000000001"), "BK-1", null, "revenue_v1", "agent:revenue_v1", Amount.Of("ZAR", 1875.75m),
        CostingStatus.PendingReview, "", DateTimeOffset.UnixEpoch, null, null, "", [Line]);

    public static TheoryData<string, CostingRecord> Others => new()
    {
        { "id", Example with { Id = Guid.Parse("01980000-0000-7000-8000-000000000002") } },
        { "booking", Example with { BookingRef = "BK-2" } },
        { "session", Example with { SessionId = Guid.Parse("01980000-0000-7000-8000-000000000003") } },
        { "agent", Example with { AgentId = "revenue_v2" } },
        { "total", Example with { Total = Amount.Of("ZAR", 1875.76m) } },
        { "currency", Example with { Total = Amount.Of("USD", 1875.75m) } },
        { "no lines", Example with { Lines = [] } },
        { "a line twice", Example with { Lines = [Line, Line] } },
        { "sku", Example with { Lines = [Line with { Sku = "TENT-6x6" }] } },
        { "quantity", Example with { Lines = [Line with { QuantityMilli = 1_501 }] } },
        { "price", Example with { Lines = [Line with { UnitPrice = Amount.Of("ZAR", 1250.51m) }] } },
        { "price version", Example with { Lines = [Line with { PriceVersion = 3 }] } },
        { "amount", Example with { Lines = [Line with { Amount = Amount.Of("ZAR", 1875.76m) }] } },
    };

    // The number is in the README too, and was made from the bytes that stand there by another program (sha256sum).
    [Fact]
    public void The_digest_is_what_the_readme_says() =>
        Assert.Equal("272eca9b1bc77fa2674472c9f2afd08ae67ec6d824f8337ddd7be451181e42db", CostingDigest.Of(Example));

    [Theory]
    [MemberData(nameof(Others), DisableDiscoveryEnumeration = true)]
    public void Whatever_a_decider_sees_changes_the_digest(string what, CostingRecord other) =>
        Assert.True(CostingDigest.Of(Example) != CostingDigest.Of(other), $"{what} is not covered");

    [Fact]
    public void The_digest_of_a_proposal_does_not_change_when_it_is_decided() =>
        Assert.Equal(CostingDigest.Of(Example), CostingDigest.Of(Example with { Status = CostingStatus.Approved, ReviewedBy = "user:sam", ReviewReason = "fine" }));

    [Fact]
    public void A_text_that_imitates_the_next_field_gives_another_digest() =>
        Assert.NotEqual(
            CostingDigest.Of(Example with { BookingRef = "BK-1,0:", AgentId = "x" }),
            CostingDigest.Of(Example with { BookingRef = "BK-1", AgentId = "0:,x" }));
}
