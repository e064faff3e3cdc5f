using System.Globalization;
using AgentPlatform.Cli;
using AgentPlatform.Contracts.Type.V1;

namespace AgentPlatform.Tests.Commands;

public sealed class MoneyTextTests
{
    [Theory]
    [InlineData("0", 0, 0, "ZAR 0.00")]
    [InlineData("14200", 14_200, 0, "ZAR 14,200.00")]
    [InlineData("18.5", 18, 500_000_000, "ZAR 18.50")]
    [InlineData("0.000000001", 0, 1, "ZAR 0.000000001")]
    [InlineData("-2.75", -2, -750_000_000, "ZAR -2.75")]
    [InlineData("9999999999999.999999999", 9_999_999_999_999, 999_999_999, "ZAR 9,999,999,999,999.999999999")]
    public void Amounts_are_exact_both_ways(string amount, long units, int nanos, string text)
    {
        var money = MoneyText.Parse("ZAR", decimal.Parse(amount, CultureInfo.InvariantCulture));

        Assert.Equal(new Money { CurrencyCode = "ZAR", Units = units, Nanos = nanos }, money);
        Assert.Equal(text, MoneyText.Of(money));
    }
}
