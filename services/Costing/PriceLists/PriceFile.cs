using System.Globalization;
using System.Text.RegularExpressions;
using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Type.V1;
using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Costings;

/// <summary>
/// Prices in a table of the vault: which column is which, and what each row says. Everything wrong is gathered with its row and column, so that whoever keeps the file can put
/// it right in one go. No I/O.
/// </summary>
public sealed partial class PriceFile
{
    private const int ShownCharacters = 40;
    private const int NanoDigits = 9;

    // Headings as they are compared: small letters and digits alone. The first that a table has is taken.
    private static readonly string[] SkuNames = ["sku", "itemcode", "articlecode", "productcode", "code", "itemno", "articleno"];
    private static readonly string[] DescriptionNames = ["description", "item", "itemname", "article", "product", "name"];
    private static readonly string[] UnitNames = ["unit", "uom", "unitofmeasure", "per"];
    private static readonly string[] PriceNames = ["price", "unitprice", "netprice", "rate"];
    private static readonly string[] CurrencyNames = ["currency", "currencycode"];
    private static readonly string[] CategoryNames = ["category", "group"];
    private static readonly string[] FromNames = ["validfrom", "from", "startdate"];
    private static readonly string[] ToNames = ["validto", "validuntil", "to", "until", "enddate"];

    private readonly ImportPriceListRequest _request;
    private readonly IReadOnlyList<string> _names;
    private readonly int _sku;
    private readonly int _description;
    private readonly int _unit;
    private readonly int _price;
    private readonly int _currency;
    private readonly int _category;
    private readonly int _from;
    private readonly int _to;
    private readonly string _priceCurrency;
    private readonly FieldChecks _checks = new();

    public PriceFile(ImportPriceListRequest request, Table table)
    {
        (_request, _names) = (request, [.. table.Columns.Select(c => c.Name)]);
        if (table.RowsCount > PriceListRules.MaximumLines)
            throw Errors.FailedPrecondition("PRICE_FILE_TOO_LARGE", $"The table has {table.RowsCount:N0} rows; a price list has at most {PriceListRules.MaximumLines:N0}.");
        (_sku, _description, _unit) = (Find(SkuNames), Find(DescriptionNames), Find(UnitNames));
        (_currency, _category, _from, _to) = (Find(CurrencyNames), Find(CategoryNames), Find(FromNames), Find(ToNames));
        (_price, _priceCurrency) = FindPrice();
        Require(_sku, "SKU");
        Require(_description, "Description");
        Require(_unit, "Unit");
        Require(_price, "Price (ZAR), or another currency");
        _checks.Require(_price < 0 || _currency >= 0 || _priceCurrency.Length > 0 || request.Currency.Length > 0, "currency",
            "is named neither by the heading of the prices, as in \"Price (ZAR)\", nor by a column \"Currency\", nor by the call");
        _checks.ThrowIfAny();
    }

    /// <summary>The prices in the order of the rows, with the rows' numbers for refusals to name.</summary>
    public List<(long Row, ProposedPrice Price)> Prices { get; } = [];

    /// <summary>Takes a row. One with neither a SKU nor a price is a remark or an empty line.</summary>
    public void Add(TableRow row)
    {
        if (row.TextOf(_sku).Length == 0 && row.TextOf(_price).Length == 0)
            return;
        var currency = row.TextOf(_currency) is { Length: > 0 } its ? its : _priceCurrency.Length > 0 ? _priceCurrency : _request.Currency;
        Prices.Add((row.Number, new ProposedPrice
        {
            Sku = row.TextOf(_sku),
            Description = row.TextOf(_description),
            Unit = row.TextOf(_unit),
            UnitPrice = ReadMoney(row, currency),
            Category = string.Join('-', row.TextOf(_category).ToLowerInvariant().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)),
            ValidFrom = ReadDay(row, _from) is { Length: > 0 } from ? from : _request.ValidFrom,
            ValidTo = ReadDay(row, _to) is { Length: > 0 } to ? to : _request.ValidTo,
        }));
        foreach (var (cell, column) in row.Cells.Select((c, i) => (c, i)))
        {
            if (cell.ValueCase is Cell.ValueOneofCase.Error && IsRead(column))
                Note(row, column, $"has the error {cell.Error} instead of a value");
        }
    }

    /// <summary>INVALID_ARGUMENT when anything was wrong, naming rows and columns.</summary>
    public void ThrowIfAny() => _checks.ThrowIfAny();

    private Money? ReadMoney(TableRow row, string currency)
    {
        var text = row.TextOf(_price);
        // A text column: some other row of it is no number. This one may be.
        if (!decimal.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount))
            Note(row, _price, text.Length == 0 ? "has no price" : $"is no number: {Shown(text)}");
        else if (Math.Abs(amount) > Amount.MaximumUnits)
            Note(row, _price, $"is more than {Amount.MaximumUnits:N0}");
        else if (decimal.Round(amount, NanoDigits) != amount)
            Note(row, _price, $"has more than {NanoDigits} digits after the point");
        else
            return new Money { CurrencyCode = currency, Units = (long)amount, Nanos = (int)((amount - (long)amount) * 1_000_000_000m) };
        return null;
    }

    private string ReadDay(TableRow row, int column)
    {
        var text = row.TextOf(column);
        if (text.Length > 0 && !OrganisationCalendar.TryRead(text, out _))
            Note(row, column, $"is no day such as 2026-04-01: {Shown(text)}");
        return text;
    }

    private void Note(TableRow row, int column, string what) => _checks.Within($"row {row.Number}").Require(false, _names[column], what);

    private void Require(int column, string heading) => _checks.Require(column >= 0, heading, "is a column that the table does not have");

    private bool IsRead(int column) => column == _sku || column == _description || column == _unit || column == _currency || column == _category;

    private int Find(string[] headings) => headings.Select(h => _names.ToList().FindIndex(n => Bare(n) == h)).FirstOrDefault(i => i >= 0, -1);

    // "Price (ZAR)" and "Price ZAR" name the currency themselves.
    private (int Column, string Currency) FindPrice()
    {
        for (var column = 0; column < _names.Count; column++)
        {
            if (WithCurrency().Match(_names[column]) is { Success: true } match && PriceNames.Contains(Bare(match.Groups[1].Value)))
                return (column, (match.Groups[2].Value + match.Groups[3].Value).ToUpperInvariant());
        }
        return (Find(PriceNames), "");
    }

    private static string Bare(string heading) => string.Concat(heading.Where(char.IsLetterOrDigit)).ToLowerInvariant();

    private static string Shown(string text) => $"'{(text.Length > ShownCharacters ? $"{text[..ShownCharacters]}…" : text)}'";

    [GeneratedRegex(@"^(.+?)\s*(?:\(\s*([A-Za-z]{3})\s*\)|[\s,]([A-Z]{3}))\s*$")]
    private static partial Regex WithCurrency();
}
