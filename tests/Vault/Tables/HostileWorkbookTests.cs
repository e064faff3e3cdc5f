using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace AgentPlatform.Tests.Vaults;

/// <summary>Workbooks that somebody made to do harm.</summary>
public sealed class HostileWorkbookTests
{
    private const string Cells = "<row><c><v>1</v></c></row>";
    private const long WorkingSetMaximumGrowthBytes = 600_000_000;

    private static byte[] WithSheet(byte[] sheet)
    {
        var file = WorkbookFile.Of(Cells);
        file.Parts[WorkbookFile.FirstSheet] = sheet;
        return file.ToBytes();
    }

    private static byte[] WithSheet(string sheet) => WithSheet(Encoding.UTF8.GetBytes(sheet));

    [Fact]
    public void What_says_that_it_becomes_too_large_is_refused_unread()
    {
        Tables.TooLarge("400 times larger", ".xlsx", WithSheet(new byte[50_000_000]));

        // Each of them is within its bounds; together they are not.
        var file = WorkbookFile.Of(Cells);
        var random = new Random(1);
        for (var part = 0; part < 6; part++)
        {
            var bytes = new byte[20_000_000];
            for (var at = 0; at < bytes.Length; at += 200)
                bytes[at] = (byte)random.Next(256);
            file.Parts[$"xl/media/{part}.bin"] = bytes;
        }
        Tables.TooLarge("more than 100,000,000 bytes", ".xlsx", file.ToBytes());
    }

    [Theory]
    [InlineData(1_000)]
    [InlineData(0)]
    public void What_lies_about_its_size_is_stopped_while_it_is_inflated(int told)
    {
        var bytes = WithSheet(Encoding.UTF8.GetBytes($"<worksheet><sheetData><row><c><v>1</v></c></row>{new string(' ', 60_000_000)}</sheetData></worksheet>"));
        Lie(bytes, WorkbookFile.FirstSheet, told);
        var refusal = Assert.Throws<PlatformException>(() => Tables.Read(".xlsx", bytes));
        Assert.Contains(refusal.Reason, new[] { "TABLE_TOO_LARGE", "FILE_MALFORMED" });
    }

    [Fact]
    public void Parts_that_lie_over_each_other_are_counted_each_time_they_are_read()
    {
        var file = WorkbookFile.Of(Cells);
        file.Parts[WorkbookFile.FirstSheet] = Encoding.UTF8.GetBytes($"<worksheet>{string.Concat(Enumerable.Range(0, 3_000_000).Select(i => $"<x a='{i}'/>"))}</worksheet>");
        var bytes = file.ToBytes();
        foreach (var part in new[] { "xl/sharedStrings.xml", "xl/styles.xml" })
            PutOver(bytes, part, WorkbookFile.FirstSheet);
        Tables.TooLarge("more than 100,000,000 bytes", ".xlsx", bytes);

        // Nor does it help to say that there is less.
        foreach (var part in new[] { "xl/sharedStrings.xml", "xl/styles.xml", WorkbookFile.FirstSheet })
            Lie(bytes, part, 1_000);
        Assert.Throws<PlatformException>(() => Tables.Read(".xlsx", bytes));
    }

    [Fact]
    public void A_bomb_within_a_bomb_is_never_opened()
    {
        var file = WorkbookFile.Of(Cells);
        file.Parts["xl/embeddings/inner.xlsx"] = WithSheet(new byte[90_000_000]);
        Assert.Empty(Tables.Read(".xlsx", file.ToBytes()).Rows);
    }

    [Fact]
    public void Too_many_parts_and_two_of_one_name_are_refused()
    {
        var file = WorkbookFile.Of(Cells);
        for (var part = 0; part < 2_000; part++)
            file.Parts[$"xl/{part}"] = [];
        Tables.TooLarge("2,0", ".xlsx", file.ToBytes());

        using var twice = new MemoryStream();
        twice.Write(WorkbookFile.Of(Cells).ToBytes());
        using (var archive = new ZipArchive(twice, ZipArchiveMode.Update, leaveOpen: true))
            archive.CreateEntry("XL/workbook.xml");
        Tables.Malformed("two parts", ".xlsx", twice.ToArray());
    }

    [Fact]
    public void A_workbook_that_is_cut_off_anywhere_is_refused()
    {
        var whole = WorkbookFile.Of(Cells).ToBytes();
        for (var length = 0; length < whole.Length; length += 97)
            Tables.Malformed("", ".xlsx", whole[..length]);
    }

    [Fact]
    public void A_workbook_with_bytes_changed_is_read_or_refused()
    {
        var (whole, random) = (WorkbookFile.Of(string.Concat(Enumerable.Repeat(Cells, 50))).ToBytes(), new Random(11));
        for (var round = 0; round < 400; round++)
        {
            var spoilt = whole.ToArray();
            for (var change = 0; change < 3; change++)
                spoilt[random.Next(spoilt.Length)] = (byte)random.Next(256);
            try { Tables.Read(".xlsx", spoilt); }
            catch (PlatformException e) { Assert.Equal(Grpc.Core.StatusCode.FailedPrecondition, e.Code); }
        }
    }

    [Fact]
    public void A_sheet_that_is_a_folder_or_is_missing_is_named()
    {
        var file = WorkbookFile.Of(Cells);
        file.Without.Add(WorkbookFile.FirstSheet);
        Tables.Malformed(WorkbookFile.FirstSheet, ".xlsx", file.ToBytes());
        file.Parts[$"{WorkbookFile.FirstSheet}/"] = [];
        Tables.Malformed(WorkbookFile.FirstSheet, ".xlsx", file.ToBytes());
    }

    [Theory]
    [InlineData("xl/workbook.xml")]
    [InlineData("xl/sharedStrings.xml")]
    [InlineData("xl/styles.xml")]
    [InlineData("xl/worksheets/sheet1.xml")]
    [InlineData("_rels/.rels")]
    public void No_part_may_have_a_document_type(string part)
    {
        var file = WorkbookFile.Of(Cells);
        file.Parts[part] = "<!DOCTYPE lolz [<!ENTITY lol 'lol'><!ENTITY lol2 '&lol;&lol;&lol;'>]><x>&lol2;</x>"u8.ToArray();
        Tables.Malformed("document type", ".xlsx", file.ToBytes());
    }

    [Fact]
    public void A_workbook_with_a_password_says_so() => Tables.Malformed("password", ".xlsx", [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, .. new byte[512]]);

    [Theory]
    [InlineData("<row r=\"0\"/>", "'0'")]
    [InlineData("<row r=\"1048577\"/>", "'1048577'")]
    [InlineData("<row r=\"-1\"/>", "'-1'")]
    [InlineData("<row r=\"2\"/><row r=\"2\"/>", "row 2 behind row 2")]
    [InlineData("<row r=\"1\"><c r=\"B1\"/><c r=\"A1\"/></row>", "'A1'")]
    [InlineData("<row r=\"1\"><c r=\"XFE1\"/></row>", "'XFE1'")]
    [InlineData("<row r=\"1\"><c r=\"A2\"/></row>", "'A2'")]
    [InlineData("<row r=\"1\"><c r=\"ZZZZZZZZZZZZ1\"/></row>", "row 1")]
    [InlineData("<row r=\"1\"><c t=\"s\"><v>0</v></c></row>", "cell A1 refers to a text")]
    [InlineData("<row r=\"1\"><c t=\"s\"><v>-1</v></c></row>", "cell A1 refers to a text")]
    public void Rows_and_cells_that_cannot_be_are_named(string rows, string saying) => Tables.Malformed(saying, ".xlsx", WorkbookFile.Of(rows).ToBytes());

    [Theory]
    [InlineData("1e999")]
    [InlineData("NaN")]
    [InlineData("1e300")]
    [InlineData("--1")]
    public void Numbers_that_are_none_are_text(string number) =>
        Assert.Equal([number], Tables.Read(".xlsx", WorkbookFile.Of($"<row><c t=\"b\"><v>1</v></c></row><row><c s=\"1\"><v>{number}</v></c></row>").ToBytes()).Rows);

    [Fact]
    public void Few_bytes_that_stand_for_very_many_cells_or_characters_are_refused_soon()
    {
        var before = GC.GetTotalMemory(forceFullCollection: true);
        Tables.TooLarge("5,000,000 cells", ".xlsx", WithSheet($"<worksheet>{string.Concat(Enumerable.Range(1, 100_000).Select(r => $"<row r='{r}'><c r='XFD{r}'><v>1</v></c></row>"))}</worksheet>"));
        Tables.TooLarge("16,384 cells", ".xlsx", WithSheet($"<worksheet><row>{string.Concat(Enumerable.Repeat("<c/>", 2_000_000))}</row></worksheet>"));
        Tables.TooLarge("64 deep", ".xlsx", WithSheet(string.Concat(Enumerable.Range(0, 100_000).Select(i => $"<a{i}>"))));
        Tables.TooLarge("tag of more than", ".xlsx", WithSheet($"<worksheet {string.Concat(Enumerable.Range(0, 500_000).Select(i => $"a{i}='' "))}/>"));
        Tables.TooLarge("cell A1", ".xlsx", WorkbookFile.Of($"<row><c t='str'><v>{string.Concat(Enumerable.Range(0, 10_000))}</v></c></row>").ToBytes());

        var shared = new WorkbookFile { Strings = [$"<t>{string.Concat(Enumerable.Range(0, 6_500))}</t>"] };
        Tables.TooLarge("row 1 has more than 500,000 characters", ".xlsx", shared.Sheet("One", $"<row>{string.Concat(Enumerable.Repeat("<c t='s'><v>0</v></c>", 100))}</row>").ToBytes());
        var often = new WorkbookFile { Strings = [$"<t>{string.Concat(Enumerable.Range(0, 6_500))}</t>"] };
        Tables.TooLarge("64,000,000 characters", ".xlsx", often.Sheet("One", string.Concat(Enumerable.Range(0, 5_000).Select(i => $"<row s='{i}'><c t='s'><v>0</v></c></row>"))).ToBytes());
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, WorkingSetMaximumGrowthBytes);
    }

    [Fact]
    public void What_lies_elsewhere_is_not_fetched()
    {
        var file = WorkbookFile.Of(Cells);
        file.Parts["_rels/.rels"] = """<Relationships><Relationship Id="1" Type="x/officeDocument" Target="http://127.0.0.1:1/workbook.xml" TargetMode="External"/></Relationships>"""u8.ToArray();
        Tables.Malformed("nothing in it says that it is a workbook", ".xlsx", file.ToBytes());
    }

    // Writes another inflated size into the part's entry of the directory, and into its local header.
    private static void Lie(byte[] zip, string part, int size)
    {
        var name = Encoding.UTF8.GetBytes(part);
        for (var at = zip.AsSpan().IndexOf(name); at >= 0; at = Next(at))
        {
            foreach (var (header, offset, signature) in new[] { (46, 24, 0x02014b50), (30, 22, 0x04034b50) })
            {
                if (at >= header && BinaryPrimitives.ReadInt32LittleEndian(zip.AsSpan(at - header)) == signature)
                    BinaryPrimitives.WriteInt32LittleEndian(zip.AsSpan(at - header + offset), size);
            }
        }

        int Next(int at) => zip.AsSpan(at + 1).IndexOf(name) is >= 0 and var more ? at + 1 + more : -1;
    }

    // The directory names the other part's bytes as those of the first one.
    private static void PutOver(byte[] zip, string part, string other)
    {
        var (target, source) = (Entry(part), Entry(other));
        foreach (var (offset, length) in new[] { (16, 12), (42, 4) }) // checksum and both sizes; where the bytes are
            zip.AsSpan(source + offset, length).CopyTo(zip.AsSpan(target + offset));

        int Entry(string name) => zip.AsSpan().LastIndexOf(Encoding.UTF8.GetBytes(name)) - 46;
    }
}
