using System.Diagnostics;
using AgentPlatform.Vault;

namespace AgentPlatform.Tests.Vaults;

public sealed class VaultRootTests : IDisposable
{
    private readonly VaultFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_root_that_is_missing_or_no_folder_is_refused()
    {
        ExpectRefusal(_folder.At("missing"), "cannot be opened");
        _folder.Write("file.csv");
        ExpectRefusal(_folder.At("file.csv"), "cannot be opened");
        ExpectRefusal("", "set Vault:Root");
        ExpectRefusal("vault", "not an absolute path");
        ExpectRefusal("/tmp\0x", "not an absolute path");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void A_root_inside_a_git_work_tree_is_refused(bool isFolder)
    {
        Directory.CreateDirectory(_folder.At("tree/inner/vault"));
        // A work tree beside the main one has a file instead of the folder.
        if (isFolder)
            Directory.CreateDirectory(_folder.At("tree/.git"));
        else
            _folder.Write("tree/.git", "gitdir: elsewhere");
        _folder.Link("harmless", _folder.At("tree/inner/vault"));

        ExpectRefusal(_folder.At("tree"), "git work tree");
        ExpectRefusal(_folder.At("tree/inner/vault"), "git work tree");
        ExpectRefusal(_folder.At("harmless"), "git work tree");
        VaultRoot.Open(_folder.Root).Dispose();
    }

    [Fact]
    public void A_root_that_others_can_write_to_is_refused()
    {
        VaultFolder.Run("chmod", "o+w", _folder.Root);
        ExpectRefusal(_folder.Root, "writable by others");
        VaultFolder.Run("chmod", "o-w,g+w", _folder.Root);
        VaultRoot.Open(_folder.Root).Dispose();
    }

    [Fact]
    public async Task The_service_says_in_one_line_why_it_does_not_start()
    {
        var start = new ProcessStartInfo("dotnet", [typeof(VaultRoot).Assembly.Location])
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
            Environment = { ["Vault__Root"] = _folder.At("missing") },
        };
        using var process = Process.Start(start)!;
        var output = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();

        Assert.Equal(1, process.ExitCode);
        Assert.Equal("", output[0]);
        Assert.Equal($"vault: Vault:Root {_folder.At("missing")} cannot be opened: No such file or directory\n", output[1]);
    }

    private static void ExpectRefusal(string path, string because)
    {
        var refusal = Assert.Throws<VaultRootException>(() => VaultRoot.Open(path));
        Assert.Contains(because, refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', refusal.Message);
    }
}
