using System.Text;
using AgentPlatform.Contracts.Vault.V1;
using AgentPlatform.Vault.Tables;
using Grpc.Core;

namespace AgentPlatform.Tests.Vaults;

public sealed class CsvTableTests
{
    private static readonly Encoding Windows1252 = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;

    [Fact]
    public void Columns_have_the_type_that_all_their_cells_have()
    {
        var (table, rows) = Tables.ReadCsv(
            "sku,count,price,rented,since,changed,note\n" +
            "MRQ-1,12,14.75,true,2026-04-01,2026-04-01 08:30,\n" +
            "007,-3,100,no,2026-12-31,2026-04-02T09:00:01.250,fine\n");

        Assert.Equal("sku|count|price|rented|since|changed|note", Tables.NamesOf(table));
        Assert.Equal("String Integer Decimal Boolean Date DateTime String", Tables.TypesOf(table));
        Assert.Equal(["MRQ-1|12|14.75|true|2026-04-01|2026-04-01T08:30:00|", "007|-3|100|false|2026-12-31|2026-04-02T09:00:01.250|fine"], rows);
        Assert.Equal((1, 2, 1), (table.HeaderRow, table.RowsCount, table.Columns[^1].FilledCount));
        Assert.Equal(("utf-8", ","), (table.Encoding, table.Delimiter));
    }

    [Theory]
    [InlineData("a,b;c,d\n1,2;3,4\n", ",")]
    [InlineData("item;price\nTent;1,5\nRope;2,25\n", ";")]
    [InlineData("item\tprice\nTent, large\t1\n", "\t")]
    [InlineData("item|price\nTent, large|1\nRope; thin|2\n", "|")]
    [InlineData("sep=;\na,b;c\n1,2;3\n", ";")]
    [InlineData("one\ntwo\n", ",")]
    [InlineData("item,note\nTent,\"a;b;c;d\"\n", ",")]
    public void What_stands_between_cells_is_recognised(string text, string delimiter) => Assert.Equal(delimiter, Tables.ReadCsv(text).Table.Delimiter);

    [Fact]
    public void The_delimiter_can_be_said() =>
        Assert.Equal("a,b|c", Tables.NamesOf(Tables.ReadCsv("a,b;c\n1,2;3\n", new TableOptions { Delimiter = ";" }).Table));

    public static TheoryData<string, byte[]> Encodings => new()
    {
        { "utf-8", "größe,€\n1,2\n"u8.ToArray() },
        { "utf-8", [.. Encoding.UTF8.Preamble, .. "größe,€\n1,2\n"u8] },
        { "utf-16", [.. Encoding.Unicode.Preamble, .. Encoding.Unicode.GetBytes("größe,€\n1,2\n")] },
        { "utf-16", Encoding.Unicode.GetBytes("größe,€\n1,2\n") },
        { "utf-16BE", [.. Encoding.BigEndianUnicode.Preamble, .. Encoding.BigEndianUnicode.GetBytes("größe,€\n1,2\n")] },
        { "utf-16BE", Encoding.BigEndianUnicode.GetBytes("größe,€\n1,2\n") },
        { "windows-1252", Windows1252.GetBytes("größe,€\n1,2\n") },
    };

    [Theory]
    [MemberData(nameof(Encodings))]
    public void Encodings_are_recognised_with_and_without_a_mark(string name, byte[] bytes)
    {
        var (table, rows) = Tables.Read(".csv", bytes);
        Assert.Equal((name, "größe|€"), (table.Encoding, Tables.NamesOf(table)));
        Assert.Equal(["1|2"], rows);
    }

    [Fact]
    public void Quotes_hold_delimiters_line_breaks_and_quotes()
    {
        using var file = TableFile.Open(".csv", "a,b\r\n\"x, \"\"y\"\"\",\"1\r\n2\"\r\n\r\n,z\r\n"u8.ToArray(), new TableOptions(), CancellationToken.None);
        var rows = file.Rows(file.Description.Columns, CancellationToken.None).ToList();

        Assert.Equal(["x, \"y\"|1\r\n2", "|z"], rows.Select(Tables.TextOf));
        // By the lines of the file, of which the first row of data takes two and an empty one follows.
        Assert.Equal([2, 5], rows.Select(r => r.Number));
    }

    [Theory]
    [InlineData("1.5", "2.25", "Decimal")]
    [InlineData("1,5", "2,25", "Decimal")]
    [InlineData("1,250", "2.5", "Decimal")]
    [InlineData("1.234.567,5", "1", "Decimal")]
    [InlineData("1 250 000", "1", "Decimal")]
    [InlineData("1'250.50", "1", "Decimal")]
    [InlineData("1,250", "3", "String")]
    [InlineData("12,50", "12.50", "String")]
    [InlineData("1,25,000", "1", "String")]
    [InlineData("007", "8", "String")]
    [InlineData("+27215550100", "1", "String")]
    [InlineData("1e5", "1", "String")]
    [InlineData("12345678901234567890", "1", "Decimal")]
    [InlineData("123456789012345678901234567890", "1", "String")]
    [InlineData(".5", "1", "String")]
    [InlineData("−5", "1.5", "Decimal")]
    [InlineData("0.5", "0", "Decimal")]
    [InlineData("NaN", "1", "String")]
    public void Numbers_are_read_when_there_is_one_way_to(string one, string other, string type) =>
        Assert.Equal(type, Tables.TypesOf(Tables.ReadCsv($"n\tm\n{one}\tx\n{other}\ty\n").Table).Split(' ')[0]);

    [Fact]
    public void What_could_be_read_in_two_ways_is_read_as_the_rest_of_the_file_is()
    {
        var (table, rows) = Tables.ReadCsv("a;b;c;d\n1,250;2,5;03/04/2026;13/04/2026\n");
        Assert.Equal("Decimal Decimal Date Date", Tables.TypesOf(table));
        Assert.Equal(["1.25|2.5|2026-04-03|2026-04-13"], rows);
    }

    [Fact]
    public void What_could_be_read_in_two_ways_stays_text_and_says_so_until_the_caller_says_which()
    {
        const string Text = "a;b\n1,250;03/04/2026\n";
        var (table, rows) = Tables.ReadCsv(Text);
        Assert.Equal("String String", Tables.TypesOf(table));
        Assert.Contains("number_format", table.Columns[0].Note, StringComparison.Ordinal);
        Assert.Contains("date_order", table.Columns[1].Note, StringComparison.Ordinal);
        Assert.Equal(["1,250|03/04/2026"], rows);

        Assert.Equal(["1250|2026-03-04"], Tables.ReadCsv(Text, new TableOptions { NumberFormat = NumberFormat.Point, DateOrder = DateOrder.MonthFirst }).Rows);
        Assert.Equal(["1.25|2026-04-03"], Tables.ReadCsv(Text, new TableOptions { NumberFormat = NumberFormat.Comma, DateOrder = DateOrder.DayFirst }).Rows);
    }

    [Fact]
    public void Columns_that_contradict_each_other_are_no_evidence() =>
        Assert.Equal("String Decimal Decimal", Tables.TypesOf(Tables.ReadCsv("a;b;c\n1,250;2.5;2,5\n").Table));

    [Theory]
    [InlineData("31.12.2026", "Date")]
    [InlineData("31/12/2026 17:05", "DateTime")]
    [InlineData("12/31/2026", "Date")]
    [InlineData("2026/12/31", "Date")]
    [InlineData("05/05/2026", "Date")]
    [InlineData("31.02.2026", "String")]
    [InlineData("2026-13-01", "String")]
    [InlineData("2026-04-01 25:00", "String")]
    [InlineData("1/2/26", "String")]
    public void Days_are_read_when_there_is_one_way_to(string text, string type) => Assert.Equal(type, Tables.TypesOf(Tables.ReadCsv($"d\n{text}\n").Table));

    [Fact]
    public void Titles_above_the_header_are_passed_over()
    {
        var (table, rows) = Tables.ReadCsv("Prices 2026\n\nsku,price\nTENT,1\n");
        Assert.Equal((3, "sku|price"), (table.HeaderRow, Tables.NamesOf(table)));
        Assert.Equal(["TENT|1"], rows);
    }

    [Fact]
    public void The_header_can_be_said_or_be_none()
    {
        const string Text = "a,b\nc,d\ne,f\n";
        Assert.Equal("c|d", Tables.NamesOf(Tables.ReadCsv(Text, new TableOptions { HeaderRow = 2 }).Table));
        Assert.Equal(("A|B", 3), (Tables.NamesOf(Tables.ReadCsv(Text, new TableOptions { NoHeader = true }).Table), Tables.ReadCsv(Text, new TableOptions { NoHeader = true }).Rows.Count));
        Tables.Refused(StatusCode.InvalidArgument, "INVALID_FIELD", "header_row", ".csv", Encoding.UTF8.GetBytes(Text), new TableOptions { HeaderRow = 4 });
    }

    [Fact]
    public void Columns_without_a_heading_or_with_anothers_get_a_name_of_their_own()
    {
        var (table, _) = Tables.ReadCsv("price,,Price, ,price (2)\n1,2,3,,5,6\n");
        Assert.Equal("price|B|Price (2)|price (2) (2)|F", Tables.NamesOf(table));
        Assert.Equal([1, 2, 3, 5, 6], table.Columns.Select(c => c.Number));
    }

    [Fact]
    public void A_list_of_one_column_and_one_without_rows_are_tables()
    {
        Assert.Equal(["1", "2"], Tables.ReadCsv("n\n1\n2").Rows);
        Assert.Empty(Tables.ReadCsv("a,b,c").Rows);
        Assert.Equal("String String String", Tables.TypesOf(Tables.ReadCsv("a,b,c").Table));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n\n\r\n")]
    [InlineData(",,\n,,\n")]
    [InlineData("\uFEFF")]
    public void An_empty_file_has_no_table(string text) => Tables.Refused(StatusCode.FailedPrecondition, "NOT_A_TABLE", "nothing", ".csv", Encoding.UTF8.GetBytes(text));

    [Theory]
    [InlineData("a,b\n1,\"2\n3,4\n", "line 2 is never closed")]
    [InlineData("a,b\n1,\"2\"x\n", "line 2, in cell 2")]
    [InlineData("a,b\n1,\0\n", "NUL")]
    public void A_broken_line_is_named(string text, string saying) => Tables.Malformed(saying, ".csv", Encoding.UTF8.GetBytes(text));

    [Fact]
    public void One_line_without_an_end_is_refused_where_it_becomes_too_long()
    {
        Tables.TooLarge("line 1, cell 1", ".csv", [.. Enumerable.Repeat((byte)'x', 10_000_000)]);
        Tables.TooLarge("line 1 has more than 16,384 cells", ".csv", [.. Enumerable.Repeat((byte)',', 10_000_000)]);
        Tables.TooLarge("line 2, cell 1", ".csv", Encoding.UTF8.GetBytes("a,b\n\"" + new string('x', 40_000) + "\n"));
        Tables.TooLarge("line 1 has more than 500,000 characters", ".csv", Encoding.UTF8.GetBytes(string.Join(',', Enumerable.Repeat(new string('x', 30_000), 20))));
    }

    [Fact]
    public void A_column_more_than_a_sheet_has_is_refused()
    {
        var widest = string.Join(',', Enumerable.Range(1, 16_384));
        Assert.Equal(16_384, Tables.ReadCsv($"{widest}\n{widest}\n").Table.Columns.Count);
        Tables.TooLarge("line 1 has more than 16,384 cells", ".csv", Encoding.UTF8.GetBytes($"{widest},16385\n"));
    }

    [Fact]
    public void As_many_rows_and_cells_as_there_may_be_are_read_and_no_more()
    {
        Assert.Equal(1_048_575, Tables.ReadCsv("a\n" + string.Concat(Enumerable.Repeat("1\n", 1_048_575))).Rows.Count);
        Tables.TooLarge("line 1,048,577", ".csv", Encoding.UTF8.GetBytes("a\n" + string.Concat(Enumerable.Repeat("1\n", 1_048_576))));
        Tables.TooLarge("more than 5,000,000 cells", ".csv", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(new string(',', 1_000) + "\n", 9_000))));
    }

    [Fact]
    public void A_header_that_repeats_one_name_16384_times_costs_no_more_than_another() =>
        Assert.Equal("x (16384)", Tables.ReadCsv($"{string.Join(',', Enumerable.Repeat("x", 16_384))}\n").Table.Columns[^1].Name);

    [Fact]
    public void Whatever_the_bytes_are_they_are_read_or_refused()
    {
        var random = new Random(7);
        for (var round = 0; round < 300; round++)
        {
            var bytes = new byte[random.Next(2_000)];
            random.NextBytes(bytes);
            // Half of them of what has a meaning, so that they come further.
            if (round % 2 == 0)
                bytes = [.. bytes.Select(b => (byte)",;\"\n\r\t|1.5a-/<> "[b % 16])];
            foreach (var extension in new[] { ".csv", ".xml", ".xlsx" })
            {
                try { Tables.Read(extension, bytes); }
                catch (PlatformException e) { Assert.Equal(StatusCode.FailedPrecondition, e.Code); }
            }
        }
    }
}
