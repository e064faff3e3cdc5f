using AgentPlatform.Vault.Tables;
using Grpc.Core;

namespace AgentPlatform.Tests.Vaults;

public sealed class XlsxTableTests
{
    private static (Contracts.Vault.V1.Table Table, List<string> Rows) Read(WorkbookFile file, TableOptions? options = null) => Tables.Read(".xlsx", file.ToBytes(), options);

    private static string Text(string place, string text) => $"""<c r="{place}" t="inlineStr"><is><t>{text}</t></is></c>""";

    private static string Heading(params string[] names) => $"<row r=\"1\">{string.Concat(names.Select((n, i) => Text($"{(char)('A' + i)}1", n)))}</row>";

    [Fact]
    public void Cells_are_what_the_workbook_says_they_are()
    {
        var file = new WorkbookFile { Strings = ["<t>item</t>", "<r><t>Te</t></r><r><t xml:space=\"preserve\">nt </t></r><rPh><t>aloud</t></rPh>", "<t/>"] }.Sheet("One",
            $"""
            <row r="1"><c r="A1" t="s"><v>0</v></c>{Text("B1", "count")}{Text("C1", "price")}{Text("D1", "rented")}{Text("E1", "since")}{Text("F1", "changed")}{Text("G1", "opens")}</row>
            <row r="3"><c r="A3" t="s"><v>1</v></c><c r="B3"><v>12</v></c><c r="C3"><v>14.75</v></c><c r="D3" t="b"><v>1</v></c><c r="E3" s="1"><v>46113</v></c><c r="F3" s="2"><v>46113.354166666664</v></c><c r="G3" s="4"><v>0.35416666666666669</v></c></row>
            <row r="4"><c r="A4" t="s"><v>2</v></c><c r="B4"><v>-3</v></c><c r="C4"><v>0.30000000000000004</v></c><c r="D4" t="b"><v>0</v></c><c r="E4" s="3"><v>46114</v></c><c r="F4" s="2"><v>46114</v></c></row>
            """);
        var (table, rows) = Read(file);

        Assert.Equal("String Integer Decimal Boolean Date DateTime String", Tables.TypesOf(table));
        Assert.Equal(["Tent |12|14.75|true|2026-04-01|2026-04-01T08:30:00|08:30:00", "|-3|0.3|false|2026-04-02|2026-04-02T00:00:00|"], rows);
        Assert.Equal(("One", 1), (table.Sheet, table.HeaderRow));
    }

    [Theory]
    [InlineData(false, 1, "1900-01-01")]
    [InlineData(false, 59, "1900-02-28")]
    [InlineData(false, 61, "1900-03-01")]
    [InlineData(false, 2958465, "9999-12-31")]
    [InlineData(false, 2958466, "2958466")]
    [InlineData(false, -1, "-1")]
    [InlineData(true, 0, "1904-01-01")]
    [InlineData(true, 44651, "2026-04-01")]
    public void Days_are_counted_as_the_workbook_counts(bool from1904, int number, string day) =>
        Assert.Equal([day], Read(new WorkbookFile { CountsFrom1904 = from1904 }.Sheet("One", $"""<row><c><v>0</v></c></row><row><c s="1"><v>{number}</v></c></row>""")).Rows);

    [Theory]
    [InlineData("dd/mm/yyyy", "2026-04-01")]
    [InlineData("[$-409]mmmm d, yyyy;@", "2026-04-01")]
    [InlineData("mmm\\ yy", "2026-04-01")]
    [InlineData("General", "46113")]
    [InlineData("#,##0.00", "46113")]
    [InlineData("\"day\" 0", "46113")]
    [InlineData("[Red]0.00", "46113")]
    [InlineData("0.00E+00", "46113")]
    [InlineData("[h]:mm", "46113")]
    [InlineData("yyyy-mm-dd hh:mm:ss.000", "2026-04-01T00:00:00")]
    public void Formats_tell_days_from_numbers(string format, string text) =>
        Assert.Equal([text], Read(new WorkbookFile { Formats = [format], Styles = [0, 164] }.Sheet("One", """<row><c t="b"><v>0</v></c></row><row><c s="1"><v>46113</v></c></row>""")).Rows);

    [Fact]
    public void Formulas_have_the_value_that_was_computed_or_an_error()
    {
        var (table, rows) = Read(WorkbookFile.Of(Heading("sum", "text", "none", "wrong") + """
            <row r="2"><c r="A2"><f>SUM(B1:B9)</f><v>42</v></c><c r="B2" t="str"><f>A1&amp;"x"</f><v>sumx</v></c><c r="C2"><f>A1</f></c><c r="D2" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>
            """));
        Assert.Equal(["42|sumx|#VALUE?|#DIV/0!"], rows);
        Assert.Equal("Integer String String String", Tables.TypesOf(table));
    }

    [Fact]
    public void Merged_cells_have_their_value_in_the_first_one()
    {
        var file = WorkbookFile.Of(Heading("group", "item") + """<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>2</v></c></row><row r="3"><c r="A3"/><c r="B3"><v>3</v></c></row>""");
        file.Parts[WorkbookFile.FirstSheet] = System.Text.Encoding.UTF8.GetBytes("<worksheet><sheetData>"
            + Heading("group", "item") + """<row r="2"><c r="A2"><v>1</v></c><c r="B2"><v>2</v></c></row><row r="3"><c r="A3"/><c r="B3"><v>3</v></c></row></sheetData><mergeCells><mergeCell ref="A2:A3"/><mergeCell ref="A1:XFD1048576"/></mergeCells></worksheet>""");
        Assert.Equal(["1|2", "|3"], Read(file).Rows);
    }

    [Fact]
    public void Columns_of_different_things_are_text() =>
        Assert.Equal(["1.5", "x", "true", "2026-04-01"], Read(WorkbookFile.Of(Heading("a") +
            """<row><c><v>1.5</v></c></row><row><c t="inlineStr"><is><t>x</t></is></c></row><row><c t="b"><v>1</v></c></row><row><c s="1"><v>46113</v></c></row>""")).Rows);

    [Fact]
    public void Text_that_looks_like_a_number_is_text_as_the_workbook_says() =>
        Assert.Equal("String", Tables.TypesOf(Read(WorkbookFile.Of(Heading("a") + $"<row>{Text("A2", "1250")}</row>")).Table));

    [Fact]
    public void A_sheet_is_chosen_by_name_by_number_or_is_the_first_that_is_seen()
    {
        var file = new WorkbookFile().Sheet("Old", "<row><c><v>1</v></c></row>", "hidden").Sheet("Chart", "", relation: "chartsheet").Sheet("New &amp; good", "<row><c><v>2</v></c></row>");

        Assert.Equal("2", Tables.NamesOf(Read(file).Table));
        Assert.Equal("1", Tables.NamesOf(Read(file, new TableOptions { Sheet = "OLD" }).Table));
        Assert.Equal("2", Tables.NamesOf(Read(file, new TableOptions { SheetNumber = 2 }).Table));
        Assert.Equal([("Old", true), ("New & good", false)], Read(file).Table.Sheets.Select(s => (s.Name, s.Hidden)));
        Tables.Refused(StatusCode.InvalidArgument, "INVALID_FIELD", "'Old', 'New & good'", ".xlsx", file.ToBytes(), new TableOptions { Sheet = "Chart" });
        Tables.Refused(StatusCode.InvalidArgument, "INVALID_FIELD", "2 sheets", ".xlsx", file.ToBytes(), new TableOptions { SheetNumber = 3 });
    }

    [Fact]
    public void Rows_and_cells_may_leave_out_where_they_are()
    {
        var (table, rows) = Read(WorkbookFile.Of("<row><c><v>1</v></c><c><v>2</v></c></row><row r=\"5\"><c r=\"B5\"><v>3</v></c><c><v>4</v></c></row>"));
        Assert.Equal(["|3|4"], rows);
        Assert.Equal("1|2|C", Tables.NamesOf(table));
    }

    [Fact]
    public void The_demonstrations_price_list_is_read()
    {
        var (table, rows) = Tables.Read(".xlsx", File.ReadAllBytes(Repository.PathOf("docs", "demo", "vault", "prices.xlsx")));
        Assert.Equal("SKU|Description|Unit|Price (ZAR)", Tables.NamesOf(table));
        Assert.Equal("String String String Decimal", Tables.TypesOf(table));
        Assert.Equal("MRQ-0612|Marquee 6 × 12 m, with walls|day|6850", rows[0]);
    }
}
