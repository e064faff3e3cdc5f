using AgentPlatform.Cli;
using AgentPlatform.Cli.Demo;

namespace AgentPlatform.Tests.Commands;

public sealed class PriceListTests
{
    private static readonly object?[] Headings = ["SKU", "Description", "Unit", "Price (ZAR)"];

    [Fact]
    public void The_price_list_of_the_demonstration_is_read_whole()
    {
        var prices = PriceList.Read(File.ReadAllBytes(Repository.PathOf("docs", "demo", "vault", "prices.xlsx")));

        Assert.Equal(8, prices.Count);
        Assert.Equal(new PriceRow("MRQ-0612", "Marquee 6 × 12 m, with walls", "day", MoneyText.Parse("ZAR", 6_850m)), prices[0]);
        Assert.Equal(MoneyText.Parse("ZAR", 14.75m), prices[^1].Price);
    }

    [Fact]
    public void Columns_are_found_by_their_headings_and_rows_without_a_sku_are_passed_over()
    {
        var prices = PriceList.Read(Workbook.Of(
            ["Price (EUR)", "Unit", "Note", "SKU", "Description"],
            [0.1, "day", "new", " TENT ", "A tent"],
            [null, null, "prices without tax"]));

        Assert.Equal([new PriceRow("TENT", "A tent", "day", MoneyText.Parse("EUR", 0.1m))], prices);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("ten")]
    [InlineData(-1.0)]
    [InlineData(1e13)]
    public void A_row_without_a_sensible_price_is_named(object? price) =>
        Refused("row 2", Workbook.Of(Headings, ["TENT", "A tent", "day", price]));

    [Fact]
    public void A_price_finer_than_a_cent_is_refused_and_not_rounded() =>
        Refused("row 3", Workbook.Of(Headings, ["TENT", "A tent", "day", 10.25], ["ROPE", "A rope", "m", 0.125]));

    [Fact]
    public void A_missing_column_is_named() => Refused("'Unit'", Workbook.Of(["SKU", "Description", "Price (ZAR)"]));

    [Fact]
    public void A_price_column_must_name_its_currency() => Refused("currency", Workbook.Of(["SKU", "Description", "Unit", "Price"]));

    [Fact]
    public void An_empty_sheet_is_refused() => Refused("empty", Workbook.Of());

    [Fact]
    public void What_is_no_workbook_is_refused() => Refused("no workbook", "sku;price"u8.ToArray());

    private static void Refused(string saying, byte[] file) =>
        Assert.Contains(saying, Assert.Throws<CliException>(() => PriceList.Read(file)).Message, StringComparison.Ordinal);
}
