using System.Text;
using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Vault;

/// <summary>
/// Whether a file is what its name says, by how it begins, and for workbooks by what is in them. It keeps out programs, pictures and archives with a
/// changed name; that the rest of a file makes sense is for its reader to find out.
/// </summary>
internal static class FileContent
{
    private const int HeadBytes = 8 * 1024;
    private const string WorkbookFolder = "xl/";

    // What opens in a browser or a PDF reader, whatever it is called.
    private static readonly string[] BeginningsOfOthers = ["%PDF-", "<?xml", "<!DOCTYPE", "<html", "<svg"];

    public static bool IsOf(FileKind kind, VaultHandle file)
    {
        Span<byte> buffer = stackalloc byte[HeadBytes];
        var head = buffer[..file.Read(0, buffer)];
        return kind switch
        {
            FileKind.Pdf => head.StartsWith("%PDF-"u8),
            FileKind.Xlsx => head.StartsWith("PK\u0003\u0004"u8) && ZipDirectory.Names(file).Any(n => n.StartsWith(WorkbookFolder, StringComparison.Ordinal)),
            FileKind.Xml => Text(head) is { } text && IsXml(text.TrimStart()),
            FileKind.Csv => Text(head) is { } text
                && !BeginningsOfOthers.Any(b => text.TrimStart().StartsWith(b, StringComparison.OrdinalIgnoreCase)),
            _ => false,
        };
    }

    private static bool IsXml(string text) => text.Length > 1 && text[0] == '<' && (text[1] is '?' or '!' or '_' or ':' || char.IsLetter(text[1]));

    // Null when it is none, in any of the encodings that are usual for tables. Of 8 bits a character all are read alike: what tells text from the rest
    // are the controls.
    private static string? Text(ReadOnlySpan<byte> head)
    {
        var text = EncodingOf(head).GetString(head).TrimStart('\uFEFF');
        // Cut off within a character, the last one is no sign of anything.
        return text.SkipLast(1).All(IsOfText) ? text : null;
    }

    private static Encoding EncodingOf(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]))
            return Encoding.UTF8;
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]))
            return Encoding.Unicode;
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
            return Encoding.BigEndianUnicode;
        // Without a mark, UTF-16 shows by the empty half of its first two characters.
        return head switch
        {
            [not 0, 0, not 0, 0, ..] => Encoding.Unicode,
            [0, not 0, 0, not 0, ..] => Encoding.BigEndianUnicode,
            _ => Encoding.Latin1,
        };
    }

    private static bool IsOfText(char c) => c is '\t' or '\n' or '\r' or '\f' || c >= ' ';
}
