using System.Buffers.Binary;
using System.Text;

namespace AgentPlatform.Vault.Tables;

/// <summary>
/// Texts by their number. They are kept in as few bytes as their file has them in, UTF-8 in large pages, and not as objects: a workbook may have a hundred million characters of
/// them, or two million texts of a few.
/// </summary>
internal sealed class SharedTexts
{
    // A longest text fits, whatever its characters are.
    private const int PageBytes = 1024 * 1024;
    private const int LengthBytes = sizeof(int);

    private readonly List<byte[]> _pages = [];
    private readonly List<int> _starts = [];
    private int _filled = PageBytes;

    public int Count => _starts.Count;

    public string this[int number]
    {
        get
        {
            var text = _pages[_starts[number] / PageBytes].AsSpan(_starts[number] % PageBytes);
            return Encoding.UTF8.GetString(text.Slice(LengthBytes, BinaryPrimitives.ReadInt32LittleEndian(text)));
        }
    }

    /// <summary>Adds a text of at most <see cref="TableLimits.CellCharacters"/>.</summary>
    public void Add(string text)
    {
        if (_filled + LengthBytes + Encoding.UTF8.GetByteCount(text) > PageBytes)
        {
            _pages.Add(new byte[PageBytes]);
            _filled = 0;
        }
        var page = _pages[^1].AsSpan(_filled);
        var bytes = Encoding.UTF8.GetBytes(text, page[LengthBytes..]);
        BinaryPrimitives.WriteInt32LittleEndian(page, bytes);
        _starts.Add((_pages.Count - 1) * PageBytes + _filled);
        _filled += LengthBytes + bytes;
    }
}
