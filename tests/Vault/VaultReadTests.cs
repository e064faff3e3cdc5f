using System.Net.Sockets;
using System.Security.Cryptography;
using AgentPlatform.Contracts.Vault.V1;
using AgentPlatform.Vault;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Tests.Vaults;

public sealed class VaultReadTests(VaultPlatform vault) : IClassFixture<VaultPlatform>
{
    private const int LimitBytes = 10_000_000;

    [Theory]
    [InlineData("forms/rental.pdf", FileKind.Pdf)]
    [InlineData("prices/2026.XLSX", FileKind.Xlsx)]
    [InlineData("a b/größe ✓.xml", FileKind.Xml)]
    [InlineData("deep/er/and/deep.er/dots..in..it.Csv", FileKind.Csv)]
    public async Task A_file_is_described_once_and_then_comes_in_pieces(string path, FileKind kind)
    {
        var bytes = vault.Folder.WriteLarge(path, 200_001);
        var changed = new DateTime(2024, 2, 29, 12, 0, 0, 123, DateTimeKind.Utc);
        File.SetLastWriteTimeUtc(vault.Folder.At(path), changed);

        var (file, read) = await vault.ReadAsync(path);

        Assert.Equal((path, bytes.Length, kind), (file.Path, file.SizeBytes, file.Kind));
        Assert.Equal(changed.ToTimestamp(), file.ModifyTime);
        Assert.Equal(bytes, read);
    }

    [Fact]
    public async Task An_empty_file_is_described_and_ends()
    {
        vault.Folder.Write("empty.csv", "");
        var (file, read) = await vault.ReadAsync("empty.csv");
        Assert.Equal(0, file.SizeBytes);
        Assert.Empty(read);
    }

    [Fact]
    public async Task A_time_that_no_timestamp_can_hold_is_cut_to_one()
    {
        vault.Folder.Write("eternal.csv");
        VaultFolder.Run("touch", "-d", "@300000000000", vault.Folder.At("eternal.csv"));
        var (file, _) = await vault.ReadAsync("eternal.csv");
        Assert.InRange(file.ModifyTime.ToDateTime().Year, 2400, 9999);
    }

    [Fact]
    public async Task Ten_million_bytes_can_be_read_and_one_more_is_too_large()
    {
        vault.Folder.WriteHole("largest.pdf", LimitBytes);
        vault.Folder.WriteHole("larger.pdf", LimitBytes + 1);

        Assert.Equal(LimitBytes, (await vault.ReadAsync("largest.pdf")).Bytes.Length);
        await vault.ExpectRefusalAsync(StatusCode.FailedPrecondition, "FILE_TOO_LARGE", "larger.pdf");
    }

    public static TheoryData<string> MalformedPaths =>
    [
        "", "/", "/etc/passwd", "/etc/prices.csv", "../outside/secret.csv", "prices/../../outside/secret.csv", "prices/..", "..", ".",
        "./prices.csv", "prices/./2026.csv", "prices//2026.csv", "prices/", "//prices.csv", "..\\outside\\secret.csv", "prices\\2026.csv",
        "C:\\secret.csv", "prices.csv\0.pdf", "prices\n.csv", "prices\u007f.csv", "prices\u0085.csv", $"{new string('a', 509)}.csv",
        new string('a', 100_000),
    ];

    [Theory]
    [MemberData(nameof(MalformedPaths))]
    public async Task A_malformed_path_is_refused(string path)
    {
        var refusal = await vault.ExpectRefusalAsync(StatusCode.InvalidArgument, "INVALID_FIELD", path);
        Assert.Equal(["path"], refusal.Fields);
    }

    [Theory]
    [InlineData("../outside/secret.csv", "../outside/missing.csv")]
    [InlineData("/etc/passwd", "/etc/missing")]
    [InlineData("/proc/self/fd/0", "/proc/self/fd/999999")]
    [InlineData("//etc/passwd", "//etc/missing")]
    [InlineData("tricks/there/", "tricks/missing/")]
    [InlineData("tricks\\there.csv", "tricks\\missing.csv")]
    [InlineData("tricks/there.csv\0", "tricks/missing.csv\0")]
    [InlineData("tricks/there.csv/../there.csv", "tricks/missing.csv/../missing.csv")]
    [InlineData("tricks/.hidden/there.csv", "tricks/.hidden/missing.csv")]
    [InlineData("tricks/there.txt", "tricks/missing.txt")]
    [InlineData("tricks/outer/secret.csv", "tricks/outer/missing.csv")]
    [InlineData("tricks/there-link.csv", "tricks/missing-link.csv")]
    [InlineData("tricks/there-pipe.csv", "tricks/missing-pipe.csv")]
    [InlineData("tricks/there-twice.csv", "tricks/missing-twice.csv")]
    [InlineData("tricks/%2e%2e/there.csv", "tricks/%2e%2e/missing.csv")]
    public async Task A_trick_gets_the_same_answer_whether_the_target_exists_or_not(string there, string missing)
    {
        var folder = vault.Folder;
        foreach (var path in new[] { "tricks/there.csv", "tricks/there.txt", "tricks/.hidden/there.csv", "tricks/there/x.csv", "tricks/there-twice.csv" })
            folder.Write(path);
        if (!File.Exists(folder.At("tricks/there-pipe.csv")))
        {
            folder.Link("tricks/outer", folder.Outside);
            folder.Link("tricks/there-link.csv", "there.csv");
            VaultFolder.Run("mkfifo", folder.At("tricks/there-pipe.csv"));
            VaultFolder.Run("ln", folder.At("tricks/there-twice.csv"), folder.At("tricks/second"));
        }
        var one = Refusal.From(await Assert.ThrowsAsync<RpcException>(() => vault.ReadAsync(there)));
        var other = Refusal.From(await Assert.ThrowsAsync<RpcException>(() => vault.ReadAsync(missing)));
        Assert.Equal((other.Code, other.Reason), (one.Code, one.Reason));
        Assert.Equal(other.Message.Replace(missing, "", StringComparison.Ordinal), one.Message.Replace(there, "", StringComparison.Ordinal));
        Assert.Equal(other.Fields, one.Fields);
        Assert.Equal(other.Facts, one.Facts);
    }

    [Theory]
    [InlineData("notes.txt")]
    [InlineData("prices.csv.exe")]
    [InlineData("prices.csv ")]
    [InlineData("prices.csv.")]
    [InlineData("prices.xls")]
    [InlineData("csv")]
    [InlineData("folder.csv/shadow")]
    [InlineData(".hidden/config")]
    public async Task An_extension_is_judged_by_the_path_alone(string path)
    {
        var missing = await vault.ExpectRefusalAsync(StatusCode.FailedPrecondition, "EXTENSION_NOT_ALLOWED", path);
        vault.Folder.Write(path);
        var there = await vault.ExpectRefusalAsync(StatusCode.FailedPrecondition, "EXTENSION_NOT_ALLOWED", path);
        Assert.Equal(missing.Message, there.Message);
        File.Delete(vault.Folder.At(path));
    }

    [Fact]
    public async Task Whatever_is_no_file_of_the_vault_gets_the_same_answer()
    {
        var folder = vault.Folder;
        folder.Write("tricks/real.csv");
        folder.Write("tricks/inner/real.csv");
        folder.Write("tricks/.hidden.csv");
        folder.Write("tricks/.hidden/real.csv");
        folder.Write(".csv");
        folder.Link("tricks/out.csv", Path.Combine(folder.Outside, "secret.csv"));
        folder.Link("tricks/out-relative.csv", "../../outside/secret.csv");
        folder.Link("tricks/out-to-nothing.csv", Path.Combine(folder.Outside, "nothing.csv"));
        folder.Link("tricks/in.csv", "real.csv");
        folder.Link("tricks/loop.csv", "loop.csv");
        folder.Link("tricks/magic.csv", "/proc/self/exe");
        folder.Link("tricks/outside", folder.Outside);
        folder.Link("tricks/inner-link", "inner");
        Directory.CreateDirectory(folder.At("tricks/folder.csv"));
        VaultFolder.Run("mkfifo", folder.At("tricks/pipe.csv"));
        if (Environment.IsPrivilegedProcess)
            VaultFolder.Run("mknod", folder.At("tricks/device.csv"), "c", "1", "5");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder.At("tricks/socket.csv")));

        string[] paths =
        [
            "tricks/nothing.csv", "nowhere/real.csv", "tricks/real.csv/real.csv", "tricks/out.csv", "tricks/out-relative.csv",
            "tricks/out-to-nothing.csv", "tricks/in.csv", "tricks/loop.csv", "tricks/magic.csv", "tricks/outside/secret.csv",
            "tricks/outside/nothing.csv", "tricks/inner-link/real.csv", "tricks/folder.csv", "tricks/pipe.csv", "tricks/device.csv",
            "tricks/socket.csv", "tricks/.hidden.csv", "tricks/.hidden/real.csv", ".csv", "tricks/...csv", "%2e%2e/outside/secret.csv",
            "..%2foutside%2fsecret.csv", "．．/outside/secret.csv", "‥/outside/secret.csv", "..∕outside∕secret.csv",
            "tricks/real\u200b.csv", "proc/self/root/secret.csv", $"{new string('a', 300)}.csv", "TRICKS/REAL.CSV",
        ];
        foreach (var path in paths)
        {
            var refusal = await vault.ExpectRefusalAsync(StatusCode.NotFound, "FILE_NOT_FOUND", path);
            Assert.Equal($"There is no file {path} in the vault.", refusal.Message);
            Assert.Empty(refusal.Facts);
        }
        Assert.NotEmpty((await vault.ReadAsync("tricks/inner/real.csv")).Bytes);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(0, 200_000)]
    [InlineData(65_536, 65_536)]
    [InlineData(65_535, 65_538)]
    [InlineData(199_999, 0)]
    [InlineData(199_999, 2)]
    [InlineData(200_000, 0)]
    [InlineData(1, long.MaxValue)]
    public async Task A_range_is_read_as_far_as_the_file_goes(long offset, long length)
    {
        var bytes = vault.Folder.WriteLarge("ranged.csv", 200_000 - VaultFolder.SampleOf("x.csv").Length);
        Assert.Equal(200_000, bytes.Length);
        var (file, read) = await vault.ReadAsync(new ReadFileRequest { Path = "ranged.csv", Offset = offset, Length = length });
        Assert.Equal(200_000, file.SizeBytes);
        Assert.Equal(bytes.Skip((int)offset).Take(length == 0 ? int.MaxValue : (int)Math.Min(length, int.MaxValue)), read);
    }

    [Fact]
    public async Task A_range_that_is_none_is_refused()
    {
        vault.Folder.Write("ranged.xml");
        await Refusal.ExpectFieldsAsync(() => vault.ReadAsync(new ReadFileRequest { Path = "ranged.xml", Offset = -1, Length = long.MinValue }), "offset", "length");
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "RANGE_OUTSIDE_FILE",
            () => vault.ReadAsync(new ReadFileRequest { Path = "ranged.xml", Offset = long.MaxValue, Length = long.MaxValue }));
    }

    [Fact]
    public async Task A_file_is_described_without_being_sent()
    {
        var bytes = vault.Folder.WriteLarge("described.pdf", 300_000);
        var client = await vault.As(Tokens.Agent("reader"));
        var answer = await client.GetFileAsync(new GetFileRequest { Path = "described.pdf" });
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(bytes)), answer.Sha256);
        Assert.Equal((await vault.ReadAsync("described.pdf")).File, answer.File);
        foreach (var path in new[] { "nothing.pdf", "../described.pdf", "described.txt" })
        {
            var reading = await Assert.ThrowsAsync<RpcException>(() => vault.ReadAsync(path));
            var describing = await Assert.ThrowsAsync<RpcException>(async () => await client.GetFileAsync(new GetFileRequest { Path = path }));
            Assert.Equal(reading.Status, describing.Status);
        }
    }

    [Fact]
    public async Task A_file_with_a_second_name_is_refused_unless_the_vault_allows_it()
    {
        vault.Folder.Write("linked/one.csv");
        VaultFolder.Run("ln", vault.Folder.At("linked/one.csv"), Path.Combine(vault.Folder.Outside, "two.csv"));
        await vault.ExpectRefusalAsync(StatusCode.NotFound, "FILE_NOT_FOUND", "linked/one.csv");
        Assert.Empty(await vault.ListAsync("linked/"));

        using var root = VaultRoot.Open(vault.Folder.Root, allowsHardLinks: true);
        using var file = root.Find("linked/one.csv");
        Assert.NotNull(file);
    }

    [Fact]
    public async Task A_file_that_changes_under_its_reader_ends_in_a_refusal_that_is_audited()
    {
        vault.Folder.WriteHole("shrinking.pdf", 5_000_000);
        using var call = (await vault.As(Tokens.Agent("reader"))).ReadFile(new ReadFileRequest { Path = "shrinking.pdf" });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        // The window of the connection is far smaller than the file, so most of it has not been read yet.
        vault.Folder.WriteHole("shrinking.pdf", 1_000);

        await Refusal.ExpectAsync(StatusCode.Aborted, "FILE_CHANGED", async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
                Assert.Equal(ReadFileResponse.PartOneofCase.Chunk, call.ResponseStream.Current.PartCase);
        });
        var entries = await vault.Platform.AuditOfAsync("vault/shrinking.pdf", atLeast: 2);
        Assert.Equal([Contracts.Audit.V1.Outcome.Ok, Contracts.Audit.V1.Outcome.Failed], entries.Select(e => e.Outcome));
        Assert.Equal("FILE_CHANGED", entries[1].Metadata.Fields["reason"].StringValue);
    }

    [Fact]
    public async Task Sixteen_readers_at_once_each_get_the_whole_file()
    {
        var bytes = vault.Folder.WriteLarge("shared.pdf", 3_000_000);
        var copies = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => vault.ReadAsync("shared.pdf")));
        Assert.All(copies, copy => Assert.True(bytes.AsSpan().SequenceEqual(copy.Bytes)));
    }
}
