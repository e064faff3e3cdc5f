using System.Diagnostics;
using System.IO.Compression;
using System.Text;
using AgentPlatform.Tests.Commands;

namespace AgentPlatform.Tests.Vaults;

/// <summary>A root for a vault, and beside it a folder that must never be reached; both go away with it.</summary>
public sealed class VaultFolder : IDisposable
{
    /// <summary>What no reader of the vault may ever see.</summary>
    public const string Secret = "secret from outside";

    // In memory where the system has such a place, since races need many quick changes.
    private readonly string _top = Path.Combine(
        Directory.Exists("/dev/shm") ? "/dev/shm" : Path.GetTempPath(), $"agentplatform-vault-folder-{Guid.NewGuid():N}");

    public VaultFolder()
    {
        Directory.CreateDirectory(Root);
        Directory.CreateDirectory(Outside);
        // Whatever the umask is: a root that others can write to is refused.
        Run("chmod", "755", Root);
        File.WriteAllText(Path.Combine(Outside, "secret.csv"), Secret);
    }

    public string Root => Path.Combine(_top, "root");

    public string Outside => Path.Combine(_top, "outside");

    /// <summary>The path on the disk of a path in the vault.</summary>
    public string At(string path) => Path.Combine(Root, path);

    public void Write(string path, string text) => Write(path, Encoding.UTF8.GetBytes(text));

    /// <summary>Writes a small file that is what its extension says.</summary>
    public void Write(string path) => Write(path, SampleOf(path));

    /// <summary>Writes a file of about this many bytes that is what its extension says, no two pieces of it alike.</summary>
    public byte[] WriteLarge(string path, int bytes)
    {
        var letters = Enumerable.Range(0, bytes).Select(i => (byte)('a' + (i * 31L + i / 1_021) % 26)).ToArray();
        var content = Path.GetExtension(path).Equals(".xlsx", StringComparison.OrdinalIgnoreCase) ? Zip("xl/workbook.xml", letters) : [.. SampleOf(path), .. letters];
        Write(path, content);
        return content;
    }

    /// <summary>A zip file of one entry, which is not compressed.</summary>
    public static byte[] Zip(string name, byte[] content)
    {
        using var file = new MemoryStream();
        using (var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: true))
        using (var entry = archive.CreateEntry(name, CompressionLevel.NoCompression).Open())
            entry.Write(content);
        return file.ToArray();
    }

    /// <summary>The content of a small file that is what its extension says; text where it has none that matters.</summary>
    public static byte[] SampleOf(string path) => Path.GetExtension(path).ToLowerInvariant() switch
    {
        ".pdf" => "%PDF-1.7\n%%EOF\n"u8.ToArray(),
        ".xml" => "<?xml version=\"1.0\"?><prices/>"u8.ToArray(),
        ".xlsx" => Workbook.Of(["SKU", "Price"], ["CHAIR", 18]),
        _ => "a,b\n1,2\n"u8.ToArray(),
    };

    public void Write(string path, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllBytes(At(path), bytes);
    }

    /// <summary>A file of this many bytes, which takes no room.</summary>
    public void WriteHole(string path, long bytes)
    {
        using var file = File.Create(At(path));
        if (path.EndsWith(".pdf", StringComparison.Ordinal))
            file.Write("%PDF-1.7"u8);
        file.SetLength(bytes);
    }

    public void Link(string path, string target) => File.CreateSymbolicLink(At(path), target);

    /// <summary>Runs a program of the system, for what .NET cannot make.</summary>
    public static void Run(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
    }

    // Not by .NET, which cannot name a file whose name is no text.
    public void Dispose() => Run("rm", "-rf", _top);
}
