using System.IO.Compression;
using System.Text;
using System.Xml;

namespace AgentPlatform.Vault.Tables;

/// <summary>
/// A workbook as what it is on the disk: a zip archive of XML parts. What the archive says of its parts' sizes is checked first, and what comes out of them
/// is counted: of all parts that are read together, never more than <see cref="TableLimits.InflatedBytes"/> a reading.
/// </summary>
internal sealed class XlsxPackage : IDisposable
{
    // Of an entry in the archive's directory.
    private static readonly byte[] EntrySignature = [0x50, 0x4B, 1, 2];

    private readonly ZipArchive _archive;
    private readonly Dictionary<string, ZipArchiveEntry> _parts = new(StringComparer.OrdinalIgnoreCase);
    private long _inflated;

    private XlsxPackage(ZipArchive archive) => _archive = archive;

    public static XlsxPackage Open(ReadOnlyMemory<byte> bytes)
    {
        // Excel puts a workbook with a password, and one of before 2007, into a container of another kind.
        if (bytes.Span is [0xd0, 0xcf, 0x11, 0xe0, ..])
            throw TableErrors.Malformed("it has a password or is of Excel before 2007; save it as .xlsx without a password");
        // Before they are looked at: the archive makes an object of each, and there is room for two hundred thousand. A few signatures more may stand in the parts by chance.
        var parts = bytes.Span.Count(EntrySignature);
        if (parts > TableLimits.Parts)
            throw TableErrors.TooLarge($"the workbook has {parts:N0} parts; at most {TableLimits.Parts:N0} are allowed");
        XlsxPackage? package = null;
        try
        {
            package = new XlsxPackage(new ZipArchive(BytesStream.Of(bytes)));
            package.CheckParts();
            return package;
        }
        catch (Exception e) when (e is InvalidDataException or PlatformException or IOException)
        {
            package?.Dispose();
            throw e is PlatformException ? e : TableErrors.Malformed("it is no zip archive, or only a part of one", e);
        }
    }

    public bool Has(string part) => _parts.ContainsKey(part);

    /// <summary>Opens a part as XML. Parts are UTF-8, as all programs write them, whatever a part says of itself.</summary>
    public XmlReader OpenXml(string part)
    {
        if (!_parts.TryGetValue(part, out var entry))
            throw TableErrors.Malformed($"its part {TableErrors.Shown(part)} is missing");
        try
        {
            var partBytes = 0L;
            var inflating = new CountedStream(entry.Open(), read => Count(entry, read, partBytes += read));
            return GuardedXml.Open(new StreamReader(inflating, Encoding.UTF8), part);
        }
        catch (Exception e) when (e is InvalidDataException or NotSupportedException or IOException)
        {
            throw TableErrors.Malformed($"its part {TableErrors.Shown(part)} is damaged or packed in a way that is not used in workbooks", e);
        }
    }

    /// <summary>Begins to count anew, for another reading of the same parts.</summary>
    public void Restart() => _inflated = 0;

    public void Dispose() => _archive.Dispose();

    private void CheckParts()
    {
        var total = 0L;
        foreach (var entry in _archive.Entries)
        {
            if (entry.IsEncrypted)
                throw TableErrors.Malformed($"its part {TableErrors.Shown(entry.FullName)} is encrypted");
            total += entry.Length;
            if (total > TableLimits.InflatedBytes)
                throw TableErrors.TooLarge($"inflated, the workbook has more than {TableLimits.InflatedBytes:N0} bytes");
            CheckRatio(entry, entry.Length);
            // Of two parts with one name, this reader and another would take different ones.
            if (!_parts.TryAdd(entry.FullName, entry))
                throw TableErrors.Malformed($"it has two parts of the name {TableErrors.Shown(entry.FullName)}");
        }
    }

    // What the archive said may be a lie.
    private void Count(ZipArchiveEntry entry, int read, long partBytes)
    {
        CheckRatio(entry, partBytes);
        if ((_inflated += read) > TableLimits.InflatedBytes)
            throw TableErrors.TooLarge($"inflated, the workbook has more than {TableLimits.InflatedBytes:N0} bytes");
    }

    private static void CheckRatio(ZipArchiveEntry entry, long bytes)
    {
        if (bytes > TableLimits.RatioFreeBytes && bytes / TableLimits.InflationRatio > entry.CompressedLength)
            throw TableErrors.TooLarge($"its part {TableErrors.Shown(entry.FullName)} becomes more than {TableLimits.InflationRatio} times larger when inflated");
    }
}
