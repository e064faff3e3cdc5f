using System.Globalization;
using AgentPlatform.Contracts.Costing.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace AgentPlatform.Cli.Costings;

/// <summary>Costings, prices and budgets as people and scripts read them.</summary>
public static class CostingText
{
    private const string TimeForm = "yyyy-MM-dd HH:mm:ss";
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    /// <summary>A word of the contracts as it is typed: "pending_review".</summary>
    public static string Of(System.Enum value) => RpcText.Of(value).ToLowerInvariant();

    /// <summary>The whole message as one line of JSON, with the names of the contract.</summary>
    public static string Json(IMessage message) => Formatter.Format(message);

    /// <summary>Shows rows as JSON or as a table, and says so when there are none.</summary>
    public static void Show<T>(IReadOnlyCollection<T> rows, bool json, string what, Func<IEnumerable<T>, Table> table) where T : IMessage
    {
        if (json)
        {
            foreach (var row in rows)
                Console.Out.WriteLine(Json(row));
        }
        else if (rows.Count == 0)
            Console.Error.WriteLine($"There are no such {what}.");
        else
            Terminal.Out.Write(table(rows));
    }

    public static Table Table(IEnumerable<Costing> costings) => Fill(
        Terminal.NewTable("id", "status", "booking", "agent", "total", "proposed (UTC)", "invoice"),
        costings.Select(c => new[] { c.Id, Of(c.Status), c.BookingRef, c.AgentId, MoneyText.Of(c.Total), Time(c.ProposeTime), c.InvoiceNumber }));

    public static Table Table(IEnumerable<Price> prices) => Fill(
        Terminal.NewTable("sku", "version", "price", "unit", "from", "to", "category", "description", "set by", "reason"),
        prices.Select(p => new[]
        {
            p.Sku, p.Version.ToString(CultureInfo.InvariantCulture), p.Withdrawn ? "withdrawn" : MoneyText.Of(p.UnitPrice), p.Unit, p.ValidFrom, p.ValidTo, p.Category, p.Description, p.SetBy, p.Reason,
        }));

    public static Table Table(IEnumerable<PriceList> lists) => Fill(
        Terminal.NewTable("id", "status", "source", "lines", "new", "changed", "proposed by", "proposed (UTC)", "reason"),
        lists.Select(l => new[]
        {
            l.Id, Of(l.Status)["price_list_".Length..], l.Source, Number(l.LinesCount), Number(l.NewCount), Number(l.ChangedCount), l.ProposedBy, Time(l.ProposeTime), l.Reason,
        }));

    public static Table Table(IEnumerable<PriceListLine> lines) => Fill(
        Terminal.NewTable("line", "change", "sku", "was", "will be", "unit", "from", "to", "description"),
        lines.Select(l => new[]
        {
            Number(l.Number), Of(l.Change), l.Proposed.Sku, MoneyText.Of(l.Previous?.UnitPrice), MoneyText.Of(l.Proposed.UnitPrice), l.Proposed.Unit, l.Proposed.ValidFrom,
            l.Proposed.ValidTo, l.Proposed.Description,
        }));

    public static Table Table(IEnumerable<Budget> budgets) => Fill(
        Terminal.NewTable("id", "of", "period", "hard limit", "soft limit", "spent", "reserved", "left", "anew (UTC)"),
        budgets.Select(b => new[]
        {
            b.Id, $"{Of(b.Scope).Replace("_scope", "", StringComparison.Ordinal)} {b.ScopeName}".TrimEnd(), Of(b.Period), MoneyText.Of(b.HardLimit),
            MoneyText.Of(b.SoftLimit), MoneyText.Of(b.Spent), MoneyText.Of(b.Reserved), MoneyText.Of(b.Left), Time(b.RenewTime),
        }));

    public static Table Table(IEnumerable<Spender> spenders) => Fill(
        Terminal.NewTable("agent", "role", "tags", "set by"), spenders.Select(s => new[] { s.AgentId, s.Role, string.Join(' ', s.Tags), s.SetBy }));

    public static Table Table(IEnumerable<SpendRow> rows) => Fill(
        Terminal.NewTable("day", "agent", "session", "kind", "times", "quantity", "cost"),
        rows.Select(r => new[]
        {
            r.Date, r.AgentId, r.SessionId, r.Kind == UsageKind.Unspecified ? "" : Of(r.Kind), r.UsageCount.ToString("N0", CultureInfo.InvariantCulture),
            r.Kind == UsageKind.Unspecified ? "" : (r.QuantityMilli / 1_000m).ToString("#,##0.###", CultureInfo.InvariantCulture), MoneyText.Of(r.Cost),
        }));

    /// <summary>Everything that a person should see before deciding.</summary>
    public static IRenderable Picture(ExplainCostingResponse told)
    {
        var (list, costing) = (Terminal.NewList(), told.Costing);
        void Add(string name, params IEnumerable<string> lines)
        {
            var text = string.Join('\n', lines.Where(l => l.Length > 0).Select(PlainText.Of));
            if (text.Length > 0)
                list.AddRow(new Text(name), new Text(text));
        }
        Add("costing", costing.Id);
        Add("status", Of(costing.Status));
        Add("booking", costing.BookingRef);
        Add("agent", costing.AgentId);
        Add("session", costing.SessionId);
        foreach (var line in told.Lines)
        {
            var since = line.VersionInForce == line.Line.PriceVersion ? "" : $"By now version {line.VersionInForce} is in force on that day.";
            Add($"line {line.Number}", [$"{line.Line.Sku}, {line.Line.Description}, on {line.Line.Date}",
                $"price version {line.Price.Version}, set by {line.Price.SetBy} at {Time(line.Price.SetTime)} UTC: {line.Price.Reason}", .. line.Steps, since]);
        }
        Add("total", told.Steps);
        Add("decided by", costing.ReviewedBy.Length == 0 ? "" : $"{costing.ReviewedBy} at {Time(costing.ReviewTime)} UTC: {costing.ReviewReason}");
        Add("invoice", costing.InvoiceNumber.Length == 0 ? "" : $"{costing.InvoiceNumber}, by {costing.InvoicedBy} at {Time(costing.InvoiceTime)} UTC");
        Add("digest", costing.Digest);
        return list;
    }

    private static Table Fill(Table table, IEnumerable<string[]> rows)
    {
        foreach (var column in table.Columns.SkipLast(1))
            column.NoWrap();
        foreach (var row in rows)
            table.AddRow(row.Select(cell => new Text(PlainText.Of(cell))));
        return table;
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Time(Timestamp? time) => time?.ToDateTime().ToString(TimeForm, CultureInfo.InvariantCulture) ?? "";
}
