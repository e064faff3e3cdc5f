using System.Text;
using System.Text.Unicode;

namespace AgentPlatform.Vault.Tables;

/// <summary>Which encoding the bytes of a text are in: by their mark, else UTF-16 by its NULs, else UTF-8 if they are that, else Windows-1252.</summary>
internal static class TextEncoding
{
    private const int Windows1252 = 1252;

    // UTF-16 without a mark: of a table in it, nearly every other byte of the beginning is NUL.
    private const int SampleBytes = 4_096;

    static TextEncoding() => Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);

    public static Encoding Of(ReadOnlySpan<byte> bytes)
    {
        if (OfMark(bytes) is { } marked)
            return marked;
        var sample = bytes[..Math.Min(bytes.Length, SampleBytes)];
        if (sample.Length >= 2 && sample.Length - sample.Count((byte)0) < sample.Length * 3 / 4)
            return sample[0] == 0 ? Encoding.BigEndianUnicode : Encoding.Unicode;
        return Utf8.IsValid(bytes) ? new UTF8Encoding(false) : Encoding.GetEncoding(Windows1252);
    }

    /// <summary>By the mark at the beginning; null when there is none.</summary>
    public static Encoding? OfMark(ReadOnlySpan<byte> bytes) => bytes switch
    {
        [0xef, 0xbb, 0xbf, ..] => new UTF8Encoding(true),
        [0xff, 0xfe, ..] => Encoding.Unicode,
        [0xfe, 0xff, ..] => Encoding.BigEndianUnicode,
        _ => null,
    };

    /// <summary>Its name as IANA has it: "utf-8", "utf-16" (little-endian), "utf-16BE", "windows-1252".</summary>
    public static string NameOf(Encoding encoding) => encoding.WebName;

    /// <summary>The text from its beginning; its mark is not part of it.</summary>
    public static StreamReader Open(ReadOnlyMemory<byte> bytes, Encoding encoding)
    {
        var mark = OfMark(bytes.Span) is null ? 0 : encoding.Preamble.Length;
        return new StreamReader(BytesStream.Of(bytes[mark..]), encoding, detectEncodingFromByteOrderMarks: false);
    }
}
