using System.Diagnostics;

namespace AgentPlatform.Tests.Vaults;

/// <summary>
/// Another process that turns a file of the vault into a link to /etc/passwd and a folder of it into a link to one outside that has a file of the same name, and back,
/// as fast as it can.
/// </summary>
public sealed class VaultSwapper : IDisposable
{
    /// <summary>What both files hold when they are the vault's own.</summary>
    public const string Inside = "from the vault";

    /// <summary>The file that turns into a link, and the one whose folder does.</summary>
    public static readonly string[] Paths = ["secret.csv", "folder/secret.csv"];

    // In Perl, which every Linux brings along: a shell would start a process for each step, and .NET takes a second to start.
    private const string Script = """
        my ($root, $outside, $swaps) = @ARGV;
        chdir $root or die "chdir: $!";
        for (1 .. $swaps) {
            symlink("/etc/passwd", "next") && rename("next", "secret.csv") or die "link: $!";
            rename("folder", "folder-real") && rename("folder-link", "folder") or die "folder: $!";
            open(my $file, ">", "next") or die "open: $!";
            print($file "from the vault") && close($file) && rename("next", "secret.csv") or die "file: $!";
            rename("folder", "folder-link") && rename("folder-real", "folder") or die "back: $!";
        }
        """;

    private readonly VaultFolder _folder;
    private Process? _process;

    public VaultSwapper(VaultFolder folder)
    {
        _folder = folder;
        foreach (var path in Paths)
            folder.Write(path, Inside);
        folder.Link("folder-link", folder.Outside);
    }

    /// <summary>Swaps so many times.</summary>
    public async Task RunAsync(int swaps)
    {
        var start = new ProcessStartInfo("perl", ["-e", Script, _folder.Root, _folder.Outside, $"{swaps}"]) { RedirectStandardError = true };
        _process = Process.Start(start)!;
        var errors = await _process.StandardError.ReadToEndAsync();
        await _process.WaitForExitAsync();
        Assert.Equal((0, ""), (_process.ExitCode, errors));
    }

    public void Dispose()
    {
        if (_process is { HasExited: false })
            _process.Kill();
        _process?.Dispose();
    }
}
