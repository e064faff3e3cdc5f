using System.Text;
using System.Xml;

namespace AgentPlatform.Vault.Tables;

/// <summary>Reads XML that nobody vouches for: no document type, no entities, nothing from elsewhere, depth, tags and names bounded.</summary>
internal static class GuardedXml
{
    private const int ChunkCharacters = 1_024;

    private static XmlReaderSettings SettingsOf(string part) => new()
    {
        NameTable = new BoundedNames(part),
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        CloseInput = true,
        MaxCharactersInDocument = TableLimits.InflatedBytes,
    };

    public static XmlReader Open(TextReader text, string part) => XmlReader.Create(new MarkupGuard(text, part), SettingsOf(part));

    /// <summary>Moves to the next node; false at the end. What the parser refuses becomes a refusal that says where.</summary>
    public static bool Next(this XmlReader xml, string part)
    {
        try { return xml.Read(); }
        catch (Exception e) when (e is XmlException or InvalidDataException) { throw Malformed(part, e); }
    }

    /// <summary>
    /// Adds all text below the element that the reader is on, and leaves it on the element's end. More than a cell may hold is refused while it is read.
    /// </summary>
    public static void AddText(this XmlReader xml, StringBuilder text, string part, Func<string> place, string except = "")
    {
        if (xml.IsEmptyElement)
            return;
        var chunk = new char[ChunkCharacters];
        var depth = xml.Depth;
        while (xml.Next(part) && xml.Depth > depth)
        {
            if (xml.NodeType is XmlNodeType.Element && xml.LocalName == except)
                xml.Pass(part);
            if (xml.NodeType is not (XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace))
                continue;
            while (xml.NextChunk(chunk, part) is var count and > 0)
            {
                if (text.Length + count > TableLimits.CellCharacters)
                    throw TableErrors.TooLarge($"{place()} has more than {TableLimits.CellCharacters:N0} characters");
                text.Append(chunk, 0, count);
            }
        }
    }

    /// <summary>Passes over what is in the element that the reader is on, and leaves it on the element's end.</summary>
    public static void Pass(this XmlReader xml, string part)
    {
        if (xml.IsEmptyElement)
            return;
        var depth = xml.Depth;
        while (xml.Next(part) && xml.Depth > depth)
        {
        }
    }

    private static int NextChunk(this XmlReader xml, char[] chunk, string part)
    {
        try { return xml.ReadValueChunk(chunk, 0, chunk.Length); }
        catch (Exception e) when (e is XmlException or InvalidDataException) { throw Malformed(part, e); }
    }

    private static PlatformException Malformed(string part, Exception e) => e is XmlException xml
        ? TableErrors.Malformed(xml.LineNumber > 0 ? $"{part}, line {xml.LineNumber:N0}: {Reason(xml)}" : $"{part}: {Reason(xml)}", e)
        : TableErrors.Malformed($"{part} is damaged", e);

    // The parser's own words, without the position at their end, which is said in front.
    private static string Reason(XmlException e) => e.Message.Contains("DTD", StringComparison.Ordinal)
        ? "it has a document type, which is not allowed"
        : $"it is no well-formed XML ({e.Message.Split(" Line ")[0].TrimEnd('.')})";
}
