using System.Buffers.Binary;
using System.Text;

namespace AgentPlatform.Vault;

/// <summary>The names in a zip file, from its directory alone: nothing is inflated, and no more than two bounded pieces are read.</summary>
internal static class ZipDirectory
{
    // Of the end record: signature, …, u32 directory bytes at 12, u32 directory offset at 16, u16 comment bytes at 20.
    private const int EndBytes = 22;
    private const int CommentMaximumBytes = ushort.MaxValue;
    private static readonly byte[] EndSignature = [0x50, 0x4B, 5, 6];

    // Of an entry: signature, …, u16 name bytes at 28, u16 extra bytes at 30, u16 comment bytes at 32, and the name at 46.
    private const int EntryBytes = 46;
    private const int DirectoryMaximumBytes = 1024 * 1024;
    private static readonly byte[] EntrySignature = [0x50, 0x4B, 1, 2];

    /// <summary>The names in the order of the directory; none where there is no directory, or one of more than 1 MiB.</summary>
    public static IReadOnlyList<string> Names(VaultHandle file)
    {
        var tail = new byte[Math.Min(file.SizeBytes, EndBytes + CommentMaximumBytes)];
        var tailOffset = file.SizeBytes - tail.Length;
        Fill(file, tailOffset, tail);
        var end = FindEnd(tail);
        if (end < 0)
            return [];

        var bytes = BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(end + 12));
        var offset = BinaryPrimitives.ReadUInt32LittleEndian(tail.AsSpan(end + 16));
        if (bytes > DirectoryMaximumBytes || offset + (long)bytes > tailOffset + end)
            return [];
        var directory = new byte[bytes];
        Fill(file, offset, directory);
        return Names(directory);
    }

    private static List<string> Names(ReadOnlySpan<byte> directory)
    {
        var names = new List<string>();
        while (directory.Length >= EntryBytes && directory.StartsWith(EntrySignature))
        {
            static int Length(ReadOnlySpan<byte> of, int at) => BinaryPrimitives.ReadUInt16LittleEndian(of[at..]);
            var name = Length(directory, 28);
            var whole = EntryBytes + name + Length(directory, 30) + Length(directory, 32);
            if (whole > directory.Length)
                break;
            names.Add(Encoding.UTF8.GetString(directory.Slice(EntryBytes, name)));
            directory = directory[whole..];
        }
        return names;
    }

    // The last one whose comment ends with the file: an earlier signature may be part of the comment.
    private static int FindEnd(ReadOnlySpan<byte> tail)
    {
        for (var at = tail.Length - EndBytes; at >= 0; at--)
        {
            if (tail[at..].StartsWith(EndSignature) && at + EndBytes + BinaryPrimitives.ReadUInt16LittleEndian(tail[(at + 20)..]) == tail.Length)
                return at;
        }
        return -1;
    }

    private static void Fill(VaultHandle file, long offset, Span<byte> buffer)
    {
        while (file.Read(offset, buffer) is var count and > 0)
        {
            offset += count;
            buffer = buffer[count..];
        }
    }
}
