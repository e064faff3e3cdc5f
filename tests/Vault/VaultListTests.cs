using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Tests.Vaults;

public sealed class VaultListTests : IClassFixture<VaultPlatform>
{
    // In the order of their paths: "-" before "." before "/" before letters, capitals first.
    private static readonly string[] Readable =
        ["Z.csv", "a-b.csv", "a-b/x.pdf", "a.csv", "a/b.csv", "a/b/c.xml", "a/c.CSV", "a0.xlsx", "b.csv", "b/deep/er/x.csv", "ä.csv", "✓.pdf"];

    private readonly VaultPlatform _vault;

    public VaultListTests(VaultPlatform vault)
    {
        _vault = vault;
        if (File.Exists(vault.Folder.At("Z.csv")))
            return;
        foreach (var path in Readable)
            vault.Folder.Write(path);
        foreach (var path in new[] { "notes.txt", ".hidden.csv", ".hidden/x.csv", "a/.b/x.csv", "a/b.csv.bak", "line\nbreak.csv", "back\\slash.csv" })
            vault.Folder.Write(path);
        vault.Folder.WriteHole("too-large.csv", 10_000_001);
        Directory.CreateDirectory(vault.Folder.At("folder.csv"));
        vault.Folder.Link("link.csv", "a.csv");
        vault.Folder.Link("out.csv", Path.Combine(vault.Folder.Outside, "secret.csv"));
        vault.Folder.Link("outer", vault.Folder.Outside);
        VaultFolder.Run("mkfifo", vault.Folder.At("pipe.csv"));
        VaultFolder.Run("sh", "-c", "cd \"$0\" && touch \"$(printf 'no-text-\\377.csv')\"", vault.Folder.Root);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(12)]
    [InlineData(100_000)]
    public async Task A_list_shows_every_readable_file_once_in_order_and_nothing_else(int pageSize) =>
        Assert.Equal(Readable, await _vault.ListAsync(pageSize: pageSize));

    [Fact]
    public async Task A_listed_file_is_described_as_when_it_is_read()
    {
        var files = (await (await _vault.As(Tokens.Auditor())).ListFilesAsync(new ListFilesRequest())).Files;
        foreach (var file in files)
            Assert.Equal(file, (await _vault.ReadAsync(file.Path)).File);
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a/")]
    [InlineData("a/b")]
    [InlineData("a/b/")]
    [InlineData("a-")]
    [InlineData("b/deep/er/x.csv")]
    [InlineData("b/dee")]
    [InlineData("ä")]
    public async Task A_prefix_narrows_the_list(string prefix)
    {
        var expected = Readable.Where(p => p.StartsWith(prefix, StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(expected);
        Assert.Equal(expected, await _vault.ListAsync(prefix));
        Assert.Equal(expected, await _vault.ListAsync(prefix, pageSize: 1));
    }

    [Theory]
    [InlineData("nowhere/")]
    [InlineData("a.csv/")]
    [InlineData("outer/")]
    [InlineData("outer/sec")]
    [InlineData(".hidden/")]
    [InlineData("a/.b/")]
    public async Task A_prefix_that_holds_nothing_readable_gives_an_empty_list(string prefix) => Assert.Empty(await _vault.ListAsync(prefix));

    public static TheoryData<string> MalformedPrefixes =>
        ["/", "/etc", ".", "..", "../", "../outside/", "a/../..", "./a", "a//", "a\\b", "a\0", "a\nb", new string('a', 513)];

    [Theory]
    [MemberData(nameof(MalformedPrefixes))]
    public Task A_malformed_prefix_is_refused(string prefix) => Refusal.ExpectFieldsAsync(() => _vault.ListAsync(prefix), "path_prefix");

    [Fact]
    public async Task A_page_token_of_another_list_is_refused()
    {
        var client = await _vault.As(Tokens.Operator());
        var token = (await client.ListFilesAsync(new ListFilesRequest { PageSize = 1 })).NextPageToken;
        foreach (var (bad, prefix) in new[] { (token, "a"), ("AAAA", ""), ("not a token!", ""), (new string('A', 10_000), "") })
        {
            var request = new ListFilesRequest { PageToken = bad, PathPrefix = prefix };
            await Refusal.ExpectFieldsAsync(async () => await client.ListFilesAsync(request), "page_token");
        }
        await Refusal.ExpectFieldsAsync(async () => await client.ListFilesAsync(new ListFilesRequest { PageSize = -1 }), "page_size");
    }
}
