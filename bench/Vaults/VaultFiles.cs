using System.Diagnostics;
using AgentPlatform.Bench.Chaos;
using AgentPlatform.Cli;

namespace AgentPlatform.Bench.Vaults;

/// <summary>The files that are read, in a folder that goes away with this; in memory after the first reading, as those of a vault mostly are.</summary>
public sealed class VaultFiles : IDisposable
{
    /// <summary>The largest file that a vault hands out.</summary>
    public const int FileBytes = 10_000_000;

    private const int BufferBytes = 128 * 1024;

    private readonly string[] _names;
    private int _next;

    public VaultFiles(int count)
    {
        Root = LocalPrograms.NewFolder("bench-vault");
        _names = [.. Enumerable.Range(0, count).Select(i => $"file-{i:00}.csv")];
        var content = new byte[FileBytes];
        foreach (var name in _names)
        {
            for (var i = 0; i < content.Length; i++)
                content[i] = (byte)('a' + Random.Shared.Next(26));
            File.WriteAllBytes(Path.Combine(Root, name), content);
        }
    }

    public string Root { get; }

    /// <summary>A file, each in turn.</summary>
    public string Next() => _names[(int)((uint)Interlocked.Increment(ref _next) % _names.Length)];

    /// <summary>Reads a file through cat and a pipe.</summary>
    public async Task CatAsync(string name)
    {
        using var cat = Process.Start(new ProcessStartInfo("cat", [Path.Combine(Root, name)]) { RedirectStandardOutput = true })!;
        var (buffer, bytes) = (new byte[BufferBytes], 0L);
        while (await cat.StandardOutput.BaseStream.ReadAsync(buffer) is var count and > 0)
            bytes += count;
        await cat.WaitForExitAsync();
        if (bytes != FileBytes)
            throw new CliException($"cat gave {bytes:N0} bytes");
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
