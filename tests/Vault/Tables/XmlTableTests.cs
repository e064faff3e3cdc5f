using System.Text;
using AgentPlatform.Vault.Tables;
using Grpc.Core;

namespace AgentPlatform.Tests.Vaults;

public sealed class XmlTableTests
{
    [Fact]
    public void Elements_that_repeat_are_rows_and_what_is_in_them_columns()
    {
        var (table, rows) = Tables.ReadXml("""
            <?xml version="1.0"?>
            <inventory xmlns="urn:x" store="Paarl">
              <made>2026-04-01</made>
              <items>
                <item sku="TENT"><count>3</count><place><town>Paarl</town></place><tag>a</tag><tag>b</tag></item>
                <!-- sold <item> -->
                <item sku="ROPE"><count>12</count><note><![CDATA[<new>]]></note></item>
                <item/>
              </items>
            </inventory>
            """);
        Assert.Equal("sku|count|place/town|tag|note", Tables.NamesOf(table));
        Assert.Equal("String Integer String String String", Tables.TypesOf(table));
        Assert.Equal(["TENT|3|Paarl|a; b|", "ROPE|12|||<new>"], rows);
        Assert.Equal(("item", "utf-8"), (table.Sheet, table.Encoding));
    }

    [Fact]
    public void The_elements_that_are_rows_can_be_said()
    {
        const string Text = "<all><a x='1'/><a x='2'/><list><b y='3'/><b y='4'/></list></all>";
        Assert.Equal(["1", "2"], Tables.ReadXml(Text).Rows);
        Assert.Equal(["3", "4"], Tables.ReadXml(Text, new TableOptions { Sheet = "b" }).Rows);
        Tables.Refused(StatusCode.InvalidArgument, "INVALID_FIELD", "sheet", ".xml", Encoding.UTF8.GetBytes(Text), new TableOptions { Sheet = "c" });
    }

    [Fact]
    public void A_list_of_one_and_a_list_of_plain_values_are_tables()
    {
        Assert.Equal(["1"], Tables.ReadXml("<all><a x='1'/></all>").Rows);
        Assert.Equal(["1", "2"], Tables.ReadXml("<all><n>1</n><n>2</n></all>").Rows);
        Tables.Refused(StatusCode.FailedPrecondition, "NOT_A_TABLE", "rows", ".xml", "<all/>"u8.ToArray());
    }

    [Theory]
    [InlineData("utf-8")]
    [InlineData("iso-8859-1")]
    [InlineData("windows-1252")]
    public void The_declared_encoding_is_used(string name)
    {
        var encoding = CodePagesEncodingProvider.Instance.GetEncoding(name) ?? Encoding.GetEncoding(name);
        var bytes = encoding.GetBytes($"<?xml version='1.0' encoding='{name}'?><a><b c='größe'/><b/></a>");
        Assert.Equal("größe", Tables.Read(".xml", bytes).Rows.Single());
    }

    [Fact]
    public void Utf_16_is_recognised_by_its_bytes()
    {
        const string Text = "<?xml version='1.0' encoding='utf-16'?><a><b c='größe'/><b/></a>";
        Assert.Equal(["größe"], Tables.Read(".xml", Encoding.Unicode.GetBytes(Text)).Rows);
        Assert.Equal(["größe"], Tables.Read(".xml", [.. Encoding.BigEndianUnicode.Preamble, .. Encoding.BigEndianUnicode.GetBytes(Text)]).Rows);
    }

    [Theory]
    [InlineData("<!DOCTYPE a [<!ENTITY x 'y'>]><a><b>&x;</b><b/></a>", "document type")]
    [InlineData("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a><b>&x;</b></a>", "document type")]
    [InlineData("<!DOCTYPE a SYSTEM 'http://127.0.0.1:1/x.dtd'><a><b/></a>", "document type")]
    [InlineData("<!DOCTYPE l [<!ENTITY l1 'lol'><!ENTITY l2 '&l1;&l1;'>]><l>&l2;</l>", "document type")]
    [InlineData("<a><b>&undeclared;</b></a>", "line 1")]
    [InlineData("<a><b></a>", "line 1")]
    [InlineData("<a><b/>\n<c", "line 2")]
    [InlineData("", "the document")]
    [InlineData("<?xml version='1.0' encoding='klingon'?><a/>", "klingon")]
    public void What_is_not_plain_well_formed_xml_is_refused(string text, string saying) => Tables.Malformed(saying, ".xml", Encoding.UTF8.GetBytes(text));

    [Fact]
    public void Depth_and_tags_are_bounded_before_the_parser_sees_them()
    {
        Tables.TooLarge("64 deep", ".xml", Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("<a>", 3_000_000))));
        Tables.TooLarge("tag of more than", ".xml", Encoding.UTF8.GetBytes("<a " + string.Concat(Enumerable.Range(0, 800_000).Select(i => $"b{i}='' "))));
        Tables.TooLarge("tag of more than", ".xml", Encoding.UTF8.GetBytes($"<a b='>{new string('x', 100_000)}'/>"));
        Tables.TooLarge("tag of more than", ".xml", Encoding.UTF8.GetBytes($"<!-- ' --><a><![CDATA['\">]]><?x '?><b c=\"{new string('>', 100_000)}\"/></a>"));
        Tables.TooLarge("tag of more than", ".xml", Encoding.UTF8.GetBytes($"<{new string('x', 100_000)}/>"));
    }

    [Theory]
    [InlineData("<!-- {0} -->")]
    [InlineData("<![CDATA[ ]] > < {0} ]]>")]
    public void Comments_and_data_are_no_tags_and_may_be_long(string form) =>
        Assert.Equal(2, Tables.ReadXml($"<a><b c='1'/><b c='2'/>{string.Format(form, string.Concat(Enumerable.Repeat("<x '\">", 20_000)))}</a>").Rows.Count);

    [Fact]
    public void Many_columns_and_long_cells_are_refused_where_they_are()
    {
        Tables.TooLarge("more than 16,384 columns", ".xml", Encoding.UTF8.GetBytes($"<a><b>{string.Concat(Enumerable.Range(0, 16_385).Select(i => $"<c{i}>1</c{i}>"))}</b></a>"));
        Tables.TooLarge("32,767 characters", ".xml", Encoding.UTF8.GetBytes($"<a><b>1</b><b>\n{new string('x', 40_000)}</b></a>"));
        // Each of many rows has something in the last of many columns only.
        var wide = string.Concat(Enumerable.Range(0, 16_384).Select(i => $"<c{i}>1</c{i}>"));
        Tables.TooLarge("5,000,000 cells", ".xml", Encoding.UTF8.GetBytes($"<a><b>{wide}</b>{string.Concat(Enumerable.Repeat("<b><c16383>1</c16383></b>", 10_000))}</a>"));
    }
}
