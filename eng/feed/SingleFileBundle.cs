using System.Buffers.Binary;
using System.IO.MemoryMappedFiles;
using System.Text;

namespace AgentPlatform.Feed;

/// <summary>
/// Reads the files that a .NET single-file program carries behind its native host. The format is the .NET host's
/// (dotnet/runtime, docs/design/features/bundle-format): a signature in the host, behind the offset of a header at
/// the end, which lists the files.
/// </summary>
internal sealed class SingleFileBundle
{
    private const uint KnownMajorVersion = 6;
    private const int MaxFileCount = 10_000;

    private static readonly byte[] Signature =
        Convert.FromHexString("8b1202b96a612038727b930214d7a03213f5b9e6efae3318ee3b2dce24b36aae");

    private readonly string _path;
    private readonly Dictionary<string, Entry> _entries = [];

    private SingleFileBundle(string path) => _path = path;

    /// <summary>Reads the list of files in the program at <paramref name="path"/>.</summary>
    /// <exception cref="FeedException">The program is no bundle, or one of a format that is not known here.</exception>
    public static SingleFileBundle Open(string path)
    {
        var bundle = new SingleFileBundle(path);
        using var stream = File.OpenRead(path);
        stream.Position = FindHeader(path, stream.Length);
        using var reader = new BinaryReader(stream, Encoding.UTF8);

        var major = reader.ReadUInt32();
        var minor = reader.ReadUInt32();
        if (major != KnownMajorVersion)
        {
            throw new FeedException($"{path}: its bundle manifest is version {major}.{minor}; only {KnownMajorVersion}.x can be read");
        }

        var count = reader.ReadInt32();
        if (count is < 0 or > MaxFileCount)
        {
            throw new FeedException($"{path}: its bundle manifest claims {count} files");
        }

        reader.ReadString(); // The bundle's id.
        stream.Position += 5 * sizeof(long); // Where two JSON files lie, and flags; both are in the list as well.
        for (var i = 0; i < count; i++)
        {
            var entry = new Entry(reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt64());
            reader.ReadByte(); // What kind of file it is.
            bundle._entries[reader.ReadString()] = entry;
        }

        return bundle;
    }

    /// <summary>The bytes of one file.</summary>
    /// <exception cref="FeedException">There is none of that name, or it is stored compressed.</exception>
    public byte[] Read(string name)
    {
        if (!_entries.TryGetValue(name, out var entry))
        {
            throw new FeedException($"{_path}: it holds no {name}");
        }

        if (entry.CompressedSize != 0)
        {
            throw new FeedException($"{_path}: {name} is stored compressed, which cannot be read");
        }

        using var stream = File.OpenRead(_path);
        stream.Position = entry.Offset;
        var content = new byte[entry.Size];
        stream.ReadExactly(content);
        return content;
    }

    private static long FindHeader(string path, long length)
    {
        using var file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, null, 0, MemoryMappedFileAccess.Read);
        using var view = file.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        var window = new byte[1 << 20];
        // Windows overlap by what one find needs, so that none is missed on an edge.
        var step = window.Length - Signature.Length - sizeof(long);
        for (long start = 0; start < length; start += step)
        {
            var filled = view.ReadArray(start, window, 0, (int)Math.Min(window.Length, length - start));
            var at = window.AsSpan(0, filled).IndexOf(Signature);
            if (at >= sizeof(long))
            {
                var offset = BinaryPrimitives.ReadInt64LittleEndian(window.AsSpan(at - sizeof(long)));
                if (offset > 0 && offset < length)
                {
                    return offset;
                }
            }
        }

        throw new FeedException($"{path}: it is no .NET single-file program");
    }

    private sealed record Entry(long Offset, long Size, long CompressedSize);
}
