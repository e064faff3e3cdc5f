using System.Diagnostics;

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

    public void Write(string path, string text = "a,b\n1,2\n") => Write(path, System.Text.Encoding.UTF8.GetBytes(text));

    public void Write(string path, byte[] bytes)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        File.WriteAllBytes(At(path), bytes);
    }

    /// <summary>A file of this many bytes, which takes no room.</summary>
    public void WriteHole(string path, long bytes)
    {
        using var file = File.Create(At(path));
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
