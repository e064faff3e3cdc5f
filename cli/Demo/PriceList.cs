using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using ExcelDataReader;
using ExcelDataReader.Exceptions;

namespace AgentPlatform.Cli.Demo;

/// <summary>
/// Reads a price list: the first sheet of a workbook, with the headings SKU, Description, Unit and "Price (ZAR)" in any order in
/// its first row. Rows without a SKU are passed over.
/// </summary>
public static partial class PriceList
{
    private const int DecimalPlaces = 2;

    // The library asks for a legacy code page when it is set up, even though workbooks of today are all UTF-8.
    static PriceList() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    /// <summary>All prices; an error that names the row when one makes no sense.</summary>
    public static IReadOnlyList<PriceRow> Read(byte[] workbook)
    {
        try
        {
            using var reader = ExcelReaderFactory.CreateOpenXmlReader(new MemoryStream(workbook));
            var columns = reader.Read() ? Columns.Of(reader) : throw new CliException("the price list is empty");
            var rows = new List<PriceRow>();
            for (var row = 2; reader.Read(); row++)
            {
                if (Text(reader, columns.Sku) is { Length: > 0 } sku)
                    rows.Add(new PriceRow(sku, Text(reader, columns.Description), Text(reader, columns.Unit),
                        MoneyText.Parse(columns.Currency, Amount(reader.GetValue(columns.Price), row))));
            }
            return rows;
        }
        catch (Exception e) when (e is ExcelReaderException or InvalidDataException)
        {
            throw new CliException($"the price list is no workbook: {e.Message}", e);
        }
    }

    // Workbooks hold numbers as binary floating point; a price in cents survives that, and anything finer is no price.
    private static decimal Amount(object? cell, int row)
    {
        if (cell is not double number || number is < 0 or > 1e12)
            throw new CliException($"the price list has no price in row {row}");
        var amount = Math.Round((decimal)number, DecimalPlaces);
        return (double)amount == number ? amount : throw new CliException($"the price in row {row} of the price list is finer than a cent");
    }

    private static string Text(IExcelDataReader reader, int column) =>
        Convert.ToString(reader.GetValue(column), CultureInfo.InvariantCulture)?.Trim() ?? "";

    [GeneratedRegex(@"^Price \(([A-Z]{3})\)$")]
    private static partial Regex PriceHeading();

    private sealed record Columns(int Sku, int Description, int Unit, int Price, string Currency)
    {
        public static Columns Of(IExcelDataReader reader)
        {
            var headings = Enumerable.Range(0, reader.FieldCount).Select(column => Text(reader, column)).ToList();
            var price = headings.FindIndex(PriceHeading().IsMatch);
            return new Columns(Find("SKU"), Find("Description"), Find("Unit"),
                price >= 0 ? price : throw new CliException("the price list has no column 'Price (…)' with a currency"),
                PriceHeading().Match(headings[price]).Groups[1].Value);

            int Find(string name) => headings.IndexOf(name) is >= 0 and var column ? column
                : throw new CliException($"the price list has no column '{name}'");
        }
    }
}
