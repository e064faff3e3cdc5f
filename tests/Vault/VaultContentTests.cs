using System.Text;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;

namespace AgentPlatform.Tests.Vaults;

/// <summary>What a file is has to show in its content.</summary>
public sealed class VaultContentTests(VaultPlatform vault) : IClassFixture<VaultPlatform>
{
    public static TheoryData<string, byte[]> Good => new()
    {
        { "a.pdf", "%PDF-2.0\n"u8.ToArray() },
        { "a.xml", "\n  <prices/>"u8.ToArray() },
        { "a.xml", "<!-- first --><p/>"u8.ToArray() },
        { "a.xml", Encoding.Unicode.GetPreamble().Concat(Encoding.Unicode.GetBytes("<?xml version=\"1.0\"?><p/>")).ToArray() },
        { "a.xml", Encoding.BigEndianUnicode.GetBytes("<p/>") },
        { "a.csv", [] },
        { "a.csv", [0xEF, 0xBB, 0xBF, .. "a;b\r\n"u8] },
        { "a.csv", [.. "gr"u8, 0xFC, 0xDF, .. "e;1,50 "u8, 0x80, (byte)'\n'] },
        { "a.csv", Encoding.Unicode.GetBytes("a\tb\n1\t2\n") },
        { "a.csv", [.. Encoding.UTF8.GetBytes(new string('é', 5_000))] },
        { "a.csv", "<5 kg,12\n"u8.ToArray() },
        { "a.xlsx", VaultFolder.SampleOf("a.xlsx") },
    };

    public static TheoryData<string, byte[]> Bad => new()
    {
        { "a.pdf", [] },
        { "a.pdf", "\n%PDF-1.7\n"u8.ToArray() },
        { "a.pdf", VaultFolder.SampleOf("a.xlsx") },
        { "a.xml", [] },
        { "a.xml", "<"u8.ToArray() },
        { "a.xml", "a,b\n"u8.ToArray() },
        { "a.xml", "<\0p/>"u8.ToArray() },
        { "a.xml", "<?xml?>\u0001"u8.ToArray().Concat(new byte[10]).ToArray() },
        { "a.csv", "MZ\u0090\0\u0003\0"u8.ToArray() },
        { "a.csv", "\u007fELF\u0002\u0001"u8.ToArray() },
        { "a.csv", "%PDF-1.7\n"u8.ToArray() },
        { "a.csv", " <!doctype html><p>"u8.ToArray() },
        { "a.csv", new byte[10_000] },
        { "a.csv", Encoding.UTF8.GetBytes("a,b\n\u001b[2J") },
        { "a.xlsx", [] },
        { "a.xlsx", "PK\u0003\u0004"u8.ToArray() },
        { "a.xlsx", VaultFolder.Zip("word/document.xml", "<w/>"u8.ToArray()) },
        { "a.xlsx", VaultFolder.SampleOf("a.xlsx")[..^1] },
        { "a.xlsx", [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1] },
        { "a.xlsx", [.. "PK\u0003\u0004"u8, .. WithoutDirectory] },
    };

    // An end record whose directory would be four gigabytes, somewhere behind the file.
    private static byte[] WithoutDirectory => [.. "PK\u0005\u0006"u8, .. Enumerable.Repeat((byte)0xFF, 16), 0, 0];

    [Theory]
    [MemberData(nameof(Good))]
    public async Task A_file_that_is_what_it_is_called_is_listed_and_read(string name, byte[] content)
    {
        vault.Folder.Write($"good/{name}", content);
        Assert.Equal(content, (await vault.ReadAsync($"good/{name}")).Bytes);
        Assert.Contains($"good/{name}", await vault.ListAsync("good/"));
    }

    [Theory]
    [MemberData(nameof(Bad))]
    public async Task A_file_that_is_something_else_is_neither_listed_nor_read(string name, byte[] content)
    {
        vault.Folder.Write($"bad/{name}", content);
        await vault.ExpectRefusalAsync(StatusCode.FailedPrecondition, "CONTENT_NOT_ALLOWED", $"bad/{name}");
        Assert.DoesNotContain($"bad/{name}", await vault.ListAsync("bad/"));
    }

    [Fact]
    public async Task A_list_can_be_narrowed_by_a_pattern()
    {
        string[] all = ["p/2026-01.csv", "p/2026-02.csv", "p/a/2026-03.csv", "p/a/b/2026-04.xml", "p/x.pdf"];
        foreach (var path in all)
            vault.Folder.Write(path);

        await ExpectAsync("p/*", "p/2026-01.csv", "p/2026-02.csv", "p/x.pdf");
        await ExpectAsync("p/**", all);
        await ExpectAsync("**/2026-0?.csv", "p/2026-01.csv", "p/2026-02.csv", "p/a/2026-03.csv");
        await ExpectAsync("p/**/b/*", "p/a/b/2026-04.xml");
        await ExpectAsync("P/*");
        await ExpectAsync("p/x.pd");

        var client = await vault.As(Tokens.Operator());
        foreach (var malformed in new[] { "/p/*", "p/../*", "p\\*", "p/a**", "***", "p//x", "p/\0", new string('*', 513) })
            await Refusal.ExpectFieldsAsync(async () => await client.ListFilesAsync(new ListFilesRequest { Pattern = malformed }), "pattern");

        async Task ExpectAsync(string pattern, params string[] paths)
        {
            Assert.Equal(paths, await vault.ListAsync("p/", pageSize: 2, pattern: pattern));
            Assert.Equal(paths, (await vault.ListAsync(pattern: pattern)).Where(p => p.StartsWith("p/", StringComparison.Ordinal)));
        }
    }
}
