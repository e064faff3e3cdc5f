using System.Text;

namespace AgentPlatform.Vault.Tables;

/// <summary>Finds out what stands between the cells of a text: that by which most of the first records are equally wide.</summary>
internal static class CsvDelimiter
{
    /// <summary>In the order in which they are taken when they do equally well.</summary>
    public const string Known = ",;\t|";

    private const int SampleRecords = 50;

    // Excel's own way to say it, as the first line.
    private const string Declaration = "sep=";

    /// <summary>The delimiter, and whether the text's first line does nothing but name it.</summary>
    public static (char Delimiter, bool IsDeclared) Of(ReadOnlyMemory<byte> bytes, Encoding encoding)
    {
        using (var text = TextEncoding.Open(bytes, encoding))
        {
            var beginning = new char[Declaration.Length + 2];
            var length = text.ReadBlock(beginning);
            if (beginning.AsSpan().StartsWith(Declaration, StringComparison.OrdinalIgnoreCase) && Known.Contains(beginning[^2])
                && (length < beginning.Length || beginning[^1] is '\r' or '\n'))
                return (beginning[^2], true);
        }
        return (Known.MaxBy(delimiter => Score(bytes, encoding, delimiter)), false);
    }

    // How many records have the width that most of them have, then that width; none when it is a single cell.
    private static (int Records, int Width) Score(ReadOnlyMemory<byte> bytes, Encoding encoding, char delimiter)
    {
        using var text = TextEncoding.Open(bytes, encoding);
        var (records, cells, widths) = (new CsvRecords(text, delimiter), new List<string>(), new List<int>());
        try
        {
            while (widths.Count < SampleRecords && records.TryRead(cells, out _))
                widths.Add(cells.Count);
        }
        catch (PlatformException)
        {
            // By this delimiter the text makes no sense from here on. If it does by none, reading it says why.
        }
        return widths.Where(w => w > 1).GroupBy(w => w).Select(g => (g.Count(), g.Key)).DefaultIfEmpty().Max();
    }
}
