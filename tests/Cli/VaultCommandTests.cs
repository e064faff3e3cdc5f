using AgentPlatform.Tests.Vaults;

namespace AgentPlatform.Tests.Commands;

/// <summary><c>agentctl vault …</c> as processes, through a gateway.</summary>
public sealed class VaultCommandTests(VaultPlatform vault) : IClassFixture<VaultPlatform>, IAsyncLifetime
{
    private readonly Agentctl _agentctl = new();

    public async ValueTask InitializeAsync()
    {
        var gateway = await vault.Platform.StartAsync("gateway");
        _agentctl.WriteRunNote(gateway: gateway.GrpcAddress);
        Tests.Tokens.Key.Save(_agentctl.PathOf("development-key.pem"));
    }

    public ValueTask DisposeAsync()
    {
        _agentctl.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Files_are_listed_described_and_written_byte_for_byte()
    {
        var bytes = vault.Folder.WriteLarge("cli/report.csv", 200_000);
        vault.Folder.Write("cli/\u202Efdp.pdf");
        var listed = await RunAsync("vault", "ls", "cli/");
        Assert.Contains("cli/report.csv", listed, StringComparison.Ordinal);
        Assert.Contains("cli/\\u202efdp.pdf", listed, StringComparison.Ordinal);
        Assert.DoesNotContain("pdf", await RunAsync("vault", "ls", "--pattern", "cli/*.csv", "--json"), StringComparison.Ordinal);
        Assert.Contains(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(bytes)), await RunAsync("vault", "show", "cli/report.csv"), StringComparison.Ordinal);

        Assert.Equal(System.Text.Encoding.UTF8.GetString(bytes), await RunAsync("vault", "cat", "cli/report.csv"));
        var copy = _agentctl.PathOf("copy.csv");
        await RunAsync("vault", "cat", "cli/report.csv", "--output", copy, "--offset", "7", "--length", "100000");
        Assert.Equal(bytes[7..100_007], await File.ReadAllBytesAsync(copy));
        Assert.Contains("there already", (await _agentctl.RunAsync("vault", "cat", "cli/report.csv", "--output", copy)).Errors, StringComparison.Ordinal);

        var refused = await _agentctl.RunAsync("vault", "cat", "cli/missing.csv", "--output", _agentctl.PathOf("missing.csv"));
        Assert.Contains("FILE_NOT_FOUND", refused.Errors, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFiles(_agentctl.Data, "missing.csv*"));
    }

    [Fact]
    public async Task What_there_is_is_counted()
    {
        vault.Folder.Write("counted/a.csv", "123");
        vault.Folder.Write("counted/b/c.csv", "4567");
        vault.Folder.Write("counted/d.pdf");
        foreach (var other in new[] { "counted/.hidden/x.csv", "counted/notes.txt", "counted/b/.x.csv" })
            vault.Folder.Write(other);
        vault.Folder.Write("counted/false.pdf", "no pdf");
        vault.Folder.Link("counted/link.csv", "a.csv");

        var stats = await RunAsync("vault", "stats", "counted/");
        Assert.Contains("1 files, 15 bytes", stats, StringComparison.Ordinal);
        Assert.Contains("2 files, 7 bytes", stats, StringComparison.Ordinal);
        Assert.Contains("5 entries that are not handed out", stats, StringComparison.Ordinal);
        Assert.Contains("\"other_count\":5", (await RunAsync("vault", "stats", "counted/", "--json")).Replace(" ", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Contains("INVALID_FIELD", (await _agentctl.RunAsync("vault", "stats", "../")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rules_and_labels_are_set_listed_and_removed()
    {
        var set = await RunAsync("vault", "rule", "set", "cli-rules/**", "--agent", "clerk", "--action", "list", "--reason", "It sorts them");
        Assert.Contains("agent clerk", set, StringComparison.Ordinal);
        await RunAsync("vault", "rule", "set", "cli-rules/secret/*", "--role", "operator", "--deny", "--reason", "For few");
        var listed = await RunAsync("vault", "rule", "list");
        Assert.Matches("role operator +deny +read list +cli-rules/secret/", listed);
        Assert.DoesNotContain("role operator", await RunAsync("vault", "rule", "list", "--agent", "clerk"), StringComparison.Ordinal);
        Assert.Contains("is removed", await RunAsync("vault", "rule", "remove", IdIn(set), "--yes"), StringComparison.Ordinal);
        Assert.DoesNotContain("agent clerk", await RunAsync("vault", "rule", "list"), StringComparison.Ordinal);

        var label = await RunAsync("vault", "label", "set", "confidential", "cli-labels/**", "--approver", "superuser", "--reason", "It is");
        Assert.Matches("confidential +superuser +cli-labels/", await RunAsync("vault", "label", "list"));
        vault.Folder.Write("cli-labels/a.csv");
        Assert.Contains("confidential", await RunAsync("vault", "ls", "cli-labels/"), StringComparison.Ordinal);
        Assert.Contains("APPROVAL_REQUIRED", (await _agentctl.RunAsync("vault", "cat", "cli-labels/a.csv")).Errors, StringComparison.Ordinal);
        await RunAsync("vault", "label", "remove", IdIn(label), "--yes");
        await RunAsync("vault", "cat", "cli-labels/a.csv");

        Assert.Contains("--agent and --role", (await _agentctl.RunAsync("vault", "rule", "set", "x/*", "--reason", "x")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_table_and_an_inventory_are_shown()
    {
        vault.Folder.Write("cli-tables/stock.csv", "sku,item,owned,price\nTENT,A tent \u202e,3,12.50\nROPE,,40,0.5\nPOLE,A pole,7,1\n");

        var shown = await RunAsync("vault", "table", "cli-tables/stock.csv", "--limit", "2");
        Assert.Matches(@"row +sku +item +owned +price", shown);
        Assert.Contains("A tent \\u202e", shown, StringComparison.Ordinal);
        Assert.DoesNotContain("POLE", shown, StringComparison.Ordinal);
        Assert.Contains("--first-row 3", (await _agentctl.RunAsync("vault", "table", "cli-tables/stock.csv", "--limit", "2")).Errors, StringComparison.Ordinal);
        Assert.Equal("{\"sku\":\"ROPE\",\"price\":0.5}",
            (await RunAsync("vault", "table", "cli-tables/stock.csv", "--json", "--column", "sku", "--column", "Price", "--first-row", "2", "--limit", "1")).Trim());
        Assert.Matches(@"price +decimal +3", await RunAsync("vault", "table", "cli-tables/stock.csv", "--describe"));
        Assert.Contains("INVALID_FIELD", (await _agentctl.RunAsync("vault", "table", "cli-tables/stock.csv", "--column", "x")).Errors, StringComparison.Ordinal);

        Assert.Contains("row 3.item", (await _agentctl.RunAsync("vault", "inventory", "cli-tables/stock.csv")).Errors, StringComparison.Ordinal);
        vault.Folder.Write("cli-tables/good.csv", "sku,item,owned,price\nTENT,A tent,3,12.50\n");
        Assert.Matches(@"TENT +A tent +3 +price: 12.5", await RunAsync("vault", "inventory", "cli-tables/good.csv"));
        Assert.Contains("\"owned\": \"3\"", await RunAsync("vault", "inventory", "cli-tables/good.csv", "--json"), StringComparison.Ordinal);
    }

    private static string IdIn(string table) => table.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).First(word => Guid.TryParse(word, out _));

    private async Task<string> RunAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await _agentctl.RunAsync(arguments);
        Assert.True(exitCode == 0, $"{string.Join(' ', arguments)}: {output}{errors}");
        return output;
    }
}
