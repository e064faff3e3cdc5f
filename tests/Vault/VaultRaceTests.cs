using System.Text;
using AgentPlatform.Vault;

namespace AgentPlatform.Tests.Vaults;

/// <summary>The ways by which the vault opens files, each against somebody who changes the files meanwhile.</summary>
public sealed class VaultRaceTests : IDisposable
{
    private const int Swaps = 100_000;
    private const int Readers = 8;
    private const string Mine = VaultSwapper.Inside;

    private readonly VaultFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    // Half of the readers go each way, so that both are tried for the price of one race.
    [Fact]
    public async Task No_byte_from_outside_is_read_while_another_process_turns_files_and_folders_into_links()
    {
        using var swapper = new VaultSwapper(_folder);
        using var byKernel = VaultRoot.Open(_folder.Root);
        using var byWalk = VaultRoot.Open(_folder.Root, walks: true);
        using var done = new CancellationTokenSource();
        var readers = Enumerable.Range(0, Readers)
            .Select(i => Task.Factory.StartNew(() => ReadMany(i < Readers / 2 ? byKernel : byWalk, VaultSwapper.Paths[i % 2], done.Token), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default))
            .ToArray();
        try { await swapper.RunAsync(Swaps); }
        finally { await done.CancelAsync(); }

        // Each has met both, or nothing would have been raced; and what it must not meet it would have thrown at.
        foreach (var (found, missed) in await Task.WhenAll(readers))
            Assert.True(found > 0 && missed > 0, $"A reader found {found} files and missed {missed}.");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Neither_way_of_opening_goes_over_a_link_or_to_what_is_no_file(bool walks)
    {
        _folder.Write("folder/real.csv", Mine);
        _folder.Link("file-link.csv", Path.Combine(_folder.Outside, "secret.csv"));
        _folder.Link("inner-link.csv", "folder/real.csv");
        _folder.Link("folder-link", _folder.Outside);
        _folder.Link("inner-folder-link", "folder");
        Directory.CreateDirectory(_folder.At("folder.csv"));
        VaultFolder.Run("mkfifo", _folder.At("pipe.csv"));
        using var root = VaultRoot.Open(_folder.Root, walks: walks);

        foreach (var path in new[] { "file-link.csv", "inner-link.csv", "folder-link/secret.csv", "inner-folder-link/real.csv", "folder.csv", "pipe.csv",
            "folder/missing.csv", "missing/real.csv", "folder/real.csv/x.csv" })
        {
            using var none = root.Find(path);
            Assert.True(none is null, path);
        }
        using var real = root.Find("folder/real.csv");
        Assert.Equal(Mine.Length, real!.SizeBytes);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Neither_way_of_opening_enters_a_mount(bool walks)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "Only the administrator may mount.");
        _folder.Write("mounted.csv", Mine);
        Directory.CreateDirectory(_folder.At("mounted"));
        using var root = VaultRoot.Open(_folder.Root, walks: walks);
        using (var before = root.Find("mounted.csv"))
            Assert.NotNull(before);

        VaultFolder.Run("mount", "--bind", _folder.Outside, _folder.At("mounted"));
        VaultFolder.Run("mount", "--bind", Path.Combine(_folder.Outside, "secret.csv"), _folder.At("mounted.csv"));
        try
        {
            Assert.True(File.Exists(_folder.At("mounted/secret.csv")));
            Assert.Null(root.Find("mounted/secret.csv"));
            Assert.Null(root.Find("mounted.csv"));
        }
        finally
        {
            VaultFolder.Run("umount", _folder.At("mounted"));
            VaultFolder.Run("umount", _folder.At("mounted.csv"));
        }
    }

    [Theory]
    [InlineData("grow")]
    [InlineData("shrink")]
    [InlineData("rewrite")]
    public async Task A_file_that_changes_while_open_is_never_taken_for_whole(string how)
    {
        _folder.Write("changing.csv", new byte[100_000]);
        // An hour ago, so that the change shows however coarse the file system's times are.
        File.SetLastWriteTimeUtc(_folder.At("changing.csv"), TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(-1));
        using var root = VaultRoot.Open(_folder.Root);
        using var file = root.Find("changing.csv")!;
        var buffer = new byte[64 * 1024];
        Assert.Equal(buffer.Length, file.Read(0, buffer));

        using (var writer = File.OpenWrite(_folder.At("changing.csv")))
        {
            writer.Write("overwritten"u8);
            if (how != "rewrite")
                writer.SetLength(how == "grow" ? 20_000_000 : 70_000);
        }

        var refusal = await Assert.ThrowsAsync<PlatformException>(async () =>
        {
            for (long offset = buffer.Length; file.Read(offset, buffer) is var count and > 0; offset += count)
                Assert.True(offset + count <= 100_000);
        });
        Assert.Equal("FILE_CHANGED", refusal.Reason);
    }

    [Fact]
    public async Task A_file_that_is_replaced_while_open_is_read_as_it_was()
    {
        _folder.Write("replaced.csv", Mine);
        using var root = VaultRoot.Open(_folder.Root);
        using var file = root.Find("replaced.csv")!;
        _folder.Link("next", Path.Combine(_folder.Outside, "secret.csv"));
        File.Move(_folder.At("next"), _folder.At("replaced.csv"), overwrite: true);

        var buffer = new byte[1_000];
        var count = file.Read(0, buffer);
        Assert.Equal(Mine, Encoding.UTF8.GetString(buffer, 0, count));
        Assert.Equal(0, file.Read(count, buffer));
    }

    private static (int Found, int Missed) ReadMany(VaultRoot root, string path, CancellationToken done)
    {
        var (found, missed, buffer) = (0, 0, new byte[1_000]);
        while (!done.IsCancellationRequested)
        {
            using var file = root.Find(path);
            if (file is null)
            {
                missed++;
                continue;
            }
            try
            {
                Assert.Equal(Mine, Encoding.UTF8.GetString(buffer, 0, file.Read(0, buffer)));
                found++;
            }
            // It was seen while it was being replaced, and said so.
            catch (PlatformException refusal) when (refusal.Reason == "FILE_CHANGED") { }
        }
        return (found, missed);
    }
}
