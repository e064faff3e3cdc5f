using System.Numerics;
using AgentPlatform.Contracts.Type.V1;
using AgentPlatform.Costings;

namespace AgentPlatform.Tests.Costings;

/// <summary>The arithmetic of money, against BigInteger, which cannot overflow. The seed is fixed, so a failure comes again.</summary>
public sealed class AmountTests
{
    private const int Rounds = 20_000;
    private static readonly string[] Some = ["ZAR", "JPY", "BHD", "CLF"];
    private static readonly Int128 Largest = (Int128)Amount.MaximumUnits * 1_000_000_000 + Amount.MaximumNanos;

    private readonly Random _random = new(20_260_101);

    [Fact]
    public void A_line_is_exactly_rounded_half_even_whatever_the_price_and_the_quantity()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var price = AnyAmount();
            var quantityMilli = (long)AnyUpTo(CostingRules.MaximumQuantityMilli);
            var expected = HalfEven((BigInteger)price.Nanos * quantityMilli, 1_000 * Minor(price.Currency)) * Minor(price.Currency);
            Assert.Equal(expected, (BigInteger)price.Times(quantityMilli, 1_000).Nanos);
        }
    }

    [Fact]
    public void Half_a_minor_unit_goes_to_the_even_one_whatever_the_price()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var currency = Some[_random.Next(Some.Length)];
            var minorUnits = 2 * (BigInteger)_random.NextInt64(1_000_000_000) + 1; // of an odd number, the half is a tie
            var price = new Amount(currency, (Int128)(minorUnits * Minor(currency)));
            var amount = price.Times(500, 1_000).Nanos / (Int128)Minor(currency);
            Assert.True(Int128.IsEvenInteger(amount), $"{price} × 0.5 became {amount} minor units");
            Assert.Equal(1, (int)BigInteger.Abs(2 * (BigInteger)amount - minorUnits));
        }
    }

    [Theory]
    [InlineData("ZAR", 0.01, 500, 0.00)]
    [InlineData("ZAR", 0.03, 500, 0.02)]
    [InlineData("ZAR", 0.05, 500, 0.02)]
    [InlineData("ZAR", 0.05, 501, 0.03)]
    [InlineData("ZAR", 1250.50, 1500, 1875.75)]
    [InlineData("JPY", 3, 500, 2)]
    [InlineData("JPY", 5, 500, 2)]
    [InlineData("BHD", 0.005, 500, 0.002)]
    [InlineData("CLF", 0.0003, 500, 0.0002)]
    public void Ties_go_to_the_even_minor_unit(string currency, double price, long quantityMilli, double amount) =>
        Assert.Equal(Amount.Of(currency, (decimal)amount), Amount.Of(currency, (decimal)price).Times(quantityMilli, 1_000));

    [Fact]
    public void Nothing_is_lost_between_message_amount_and_column()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var amount = AnyAmount();
            if (_random.Next(2) == 0)
                amount = amount with { Nanos = -amount.Nanos };
            var money = amount.ToMoney();
            Assert.Equal((BigInteger)amount.Nanos, (BigInteger)money.Units * 1_000_000_000 + money.Nanos);
            Assert.True((money.Units >= 0 && money.Nanos >= 0) || (money.Units <= 0 && money.Nanos <= 0), $"{money} has two signs");
            Assert.Equal(amount, Amount.Of(money));
            Assert.Equal(amount, Amount.Of(amount.Currency, amount.ToDecimal()));
        }
    }

    [Fact]
    public void The_largest_costing_of_all_is_added_up_without_overflow_and_then_refused()
    {
        var line = new Amount("ZAR", Largest).Times(CostingRules.MaximumQuantityMilli, 1_000);
        var total = Amount.Sum("ZAR", Enumerable.Repeat(line, CostingRules.MaximumLines));
        Assert.Equal((BigInteger)line.Nanos * CostingRules.MaximumLines, (BigInteger)total.Nanos);
        Assert.False(total.IsWithinLimit);
    }

    [Fact]
    public void A_discount_and_a_tax_are_exactly_rounded_half_even_whatever_they_are()
    {
        for (var round = 0; round < Rounds; round++)
        {
            var price = AnyAmount();
            var (quantityMilli, discount, tax) = ((long)AnyUpTo(CostingRules.MaximumQuantityMilli), _random.Next(10_001), _random.Next(100_001));
            var minor = Minor(price.Currency);
            var net = CostingRules.NetOf(price, quantityMilli, discount);
            Assert.Equal(HalfEven((BigInteger)price.Nanos * quantityMilli * (10_000 - discount), 10_000_000 * minor) * minor, (BigInteger)net.Nanos);
            Assert.Equal(HalfEven((BigInteger)net.Nanos * tax, 100_000 * minor) * minor, (BigInteger)CostingRules.TaxOf(net, tax).Nanos);
        }
    }

    [Theory]
    [InlineData("ZAR", 1250.5, 1_350, "ZAR 1688.175")]
    [InlineData("ZAR", 1, 3, "ZAR 0.003")]
    [InlineData("JPY", 150, 2_000, "JPY 300")]
    [InlineData("JPY", 150, 1, "JPY 0.15")]
    [InlineData("BHD", 0, 1, "BHD 0.000")]
    public void An_exact_product_has_all_its_digits(string currency, double price, long thousandths, string text) =>
        Assert.Equal(text, Amount.Of(currency, (decimal)price).ExactTimes(thousandths, 1_000));

    [Fact]
    public void The_limit_is_met_to_the_billionth()
    {
        Assert.True(new Amount("ZAR", Largest).IsWithinLimit);
        Assert.True(new Amount("ZAR", -Largest).IsWithinLimit);
        Assert.False(new Amount("ZAR", Largest + 1).IsWithinLimit);
        Assert.False(new Amount("ZAR", -Largest - 1).IsWithinLimit);
    }

    [Theory]
    [InlineData("ZAR", 10_000_000, true)]
    [InlineData("ZAR", 5_000_000, false)]
    [InlineData("JPY", 500_000_000, false)]
    [InlineData("JPY", 0, true)]
    [InlineData("BHD", 1_000_000, true)]
    [InlineData("BHD", 100_000, false)]
    [InlineData("CLF", 100_000, true)]
    public void What_can_be_paid_depends_on_the_currency(string currency, int nanos, bool payable) =>
        Assert.Equal(payable, Amount.Of(new Money { CurrencyCode = currency, Units = 7, Nanos = nanos }).IsWholeMinorUnits);

    [Theory]
    [InlineData("ZAR", 1250.5, "ZAR 1250.50")]
    [InlineData("JPY", 3, "JPY 3")]
    [InlineData("BHD", 0.125, "BHD 0.125")]
    public void People_read_an_amount_with_the_digits_of_its_currency(string currency, double value, string text) =>
        Assert.Equal(text, Amount.Of(currency, (decimal)value).ToString());

    // Of all sizes alike: a uniform draw would hardly ever be small, and small numbers are where ties are.
    private Int128 AnyUpTo(Int128 maximum) => 1 + (Int128)(_random.NextInt64() % (long)Int128.Min(maximum, (Int128)Math.Pow(10, _random.Next(1, 19))));

    private Amount AnyAmount() => _random.Next(50) == 0
        ? new Amount("ZAR", Largest)
        : new Amount(Some[_random.Next(Some.Length)], Int128.Min(Largest, AnyUpTo(long.MaxValue) * (_random.Next(2) == 0 ? 1 : 1_000)));

    private static BigInteger Minor(string currency) => BigInteger.Pow(10, 9 - Currencies.MinorDigits(currency));

    // Another way than the one under test: ties up first, then back from the odd neighbour.
    private static BigInteger HalfEven(BigInteger number, BigInteger divisor)
    {
        var rounded = (2 * number + divisor) / (2 * divisor);
        var wasTie = (2 * number + divisor) % (2 * divisor) == 0;
        return wasTie && !rounded.IsEven ? rounded - 1 : rounded;
    }
}
