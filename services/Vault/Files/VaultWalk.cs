using System.Buffers.Binary;
using System.Text;
using System.Text.Unicode;
using AgentPlatform.Contracts.Vault.V1;
using Microsoft.Win32.SafeHandles;

namespace AgentPlatform.Vault;

/// <summary>
/// One walk through the readable files in the order of their paths, from after a given one. It looks only at folders that
/// the page can touch and the caller may see into, opens only files that it may show, and refuses to go on beyond its bounds.
/// </summary>
internal sealed class VaultWalk(
    VaultRoot root, CallerAccess access, int maximumEntries, string prefix, string after, PathPattern? pattern, CancellationToken cancellation)
{
    private const int BufferBytes = 32 * 1024;

    // Of linux_dirent64: u64 inode, i64 offset, u16 record length, u8 kind, name up to a NUL.
    private const int LengthOffset = 16;
    private const int KindOffset = 18;
    private const int NameOffset = 19;
    private const byte UnknownKind = 0;
    private const byte FolderKind = 4;
    private const byte RegularKind = 8;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private int _entriesSeen;

    /// <summary>How many entries below the prefix were seen so far that are neither files to show nor folders.</summary>
    public int OthersSeen { get; private set; }

    /// <summary>The files, one after the other as they are asked for.</summary>
    public IEnumerable<VaultFile> Files() => VaultRules.IsHidden(prefix) ? [] : Files(prefix[..(prefix.LastIndexOf('/') + 1)]);

    private IEnumerable<VaultFile> Files(string folder)
    {
        foreach (var path in Paths(folder))
        {
            cancellation.ThrowIfCancellationRequested();
            if (path.EndsWith('/'))
            {
                foreach (var file in Files(path))
                    yield return file;
                continue;
            }
            if (Describe(path) is { } found)
                yield return found;
            else
                OthersSeen++;
        }
    }

    // Opened as for reading, so that the list shows what can be read and nothing else.
    private VaultFile? Describe(string path)
    {
        using var file = root.Find(path);
        try
        {
            if (file is not { SizeBytes: <= VaultRules.FileMaximumBytes } || !FileContent.IsOf(file.Kind, file))
                return null;
            file.Label = access.LabelOf(path)?.Name ?? "";
            return file.ToProto();
        }
        // In this moment it is being written; the next list has it.
        catch (PlatformException changed) when (changed.Code is Grpc.Core.StatusCode.Aborted) { return null; }
    }

    // With its "/" at the end, a folder sorts among its neighbours where all the paths in it belong.
    private List<string> Paths(string folder)
    {
        var paths = new List<string>();
        if (folder.AsSpan().Count('/') > VaultRules.ListMaximumDepth)
            throw VaultRules.TooDeep(folder);
        using var handle = root.FindFolder(folder.TrimEnd('/'));
        if (handle is null)
            return paths;
        for (var count = Read(handle); count > 0; count = Read(handle))
            Add(folder, _buffer.AsSpan(0, count), paths);
        paths.Sort(StringComparer.Ordinal);
        return paths;
    }

    private int Read(SafeFileHandle folder)
    {
        try { return LinuxCalls.ReadEntries(folder, _buffer); }
        catch (IOException e) { throw Errors.Unavailable("The vault's disk", e); }
    }

    private void Add(string folder, ReadOnlySpan<byte> records, List<string> paths)
    {
        while (!records.IsEmpty)
        {
            var record = records[..BinaryPrimitives.ReadUInt16LittleEndian(records[LengthOffset..])];
            records = records[record.Length..];
            var name = record[NameOffset..];
            name = name[..name.IndexOf((byte)0)];
            if (name is [(byte)'.'] or [(byte)'.', (byte)'.'])
                continue;
            if (++_entriesSeen > maximumEntries)
                throw VaultRules.TooManyEntries(maximumEntries);

            var path = folder + Encoding.UTF8.GetString(name);
            // A name that is no text can be asked for by nobody.
            if (name[0] != (byte)'.' && Utf8.IsValid(name) && Place(path, record[KindOffset]) is { } place)
                paths.Add(place);
            else if (path.StartsWith(prefix, StringComparison.Ordinal))
                OthersSeen++;
        }
    }

    // The path, with "/" at the end when it is a folder's; null when nothing of it can be on the page.
    private string? Place(string path, byte kind)
    {
        if (kind is FolderKind || (kind is UnknownKind && IsFolder(path)))
            return MayHold($"{path}/") ? $"{path}/" : null;
        return kind is RegularKind or UnknownKind && VaultRules.IsReadable(path)
            && path.StartsWith(prefix, StringComparison.Ordinal) && string.CompareOrdinal(path, after) > 0
            && pattern?.Matches(new PathForms(path)) is not false && access.May(FileAction.List, path) ? path : null;
    }

    private bool MayHold(string folder) => folder.Length < VaultRules.PathMaximumCharacters
        && folder.StartsWith(prefix, StringComparison.Ordinal) && pattern?.MayMatchBelow(new PathForms(folder)) is not false
        && access.MayBelow(FileAction.List, folder)
        && (string.CompareOrdinal(folder, after) > 0 || after.StartsWith(folder, StringComparison.Ordinal));

    // Some file systems leave it to the reader to find out.
    private bool IsFolder(string path)
    {
        using var handle = root.FindFolder(path);
        return handle is not null;
    }
}
