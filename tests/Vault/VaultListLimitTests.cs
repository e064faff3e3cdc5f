using Grpc.Core;

namespace AgentPlatform.Tests.Vaults;

public sealed class VaultListLimitTests(VaultPlatform vault) : IClassFixture<VaultPlatform>
{
    [Fact]
    public async Task A_list_that_would_look_at_too_much_is_refused_until_it_is_narrowed()
    {
        vault.Folder.Write("few/a.csv");
        for (var i = 0; i <= VaultPlatform.ListMaximumEntries; i++)
            vault.Folder.Write($"many/{i:000}.csv");

        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "LIST_TOO_LARGE", () => vault.ListAsync("many/00"));
        Assert.Equal(["few/a.csv"], await vault.ListAsync("few/"));
        Assert.NotEmpty((await vault.ReadAsync("many/000.csv")).Bytes);
    }

    [Fact]
    public async Task A_list_goes_thirty_two_folders_deep_and_refuses_more()
    {
        var deepest = $"deep/{string.Concat(Enumerable.Repeat("d/", 31))}";
        vault.Folder.Write($"{deepest}x.csv");
        Assert.Equal([$"{deepest}x.csv"], await vault.ListAsync("deep/"));

        vault.Folder.Write($"{deepest}d/x.csv");
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "LIST_TOO_DEEP", () => vault.ListAsync("deep/"));
        Assert.NotEmpty((await vault.ReadAsync($"{deepest}d/x.csv")).Bytes);
    }

    [Fact]
    public async Task Paths_of_the_greatest_length_are_listed_page_by_page()
    {
        // 512 characters of three bytes each in UTF-8, in parts that a file system takes.
        var folder = $"long/{string.Concat(Enumerable.Repeat($"{new string('漢', 80)}/", 6))}";
        string[] longest = [.. "ab".Select(c => $"{folder}{new string('字', 512 - folder.Length - 5)}{c}.csv")];
        foreach (var path in longest)
            vault.Folder.Write(path);
        vault.Folder.Write(longest[0].Replace(".csv", "c.csv", StringComparison.Ordinal));

        Assert.All(longest, p => Assert.Equal(512, p.Length));
        Assert.Equal(longest, await vault.ListAsync("long/", pageSize: 1));
        Assert.Equal(longest[1], (await vault.ReadAsync(longest[1])).File.Path);
    }
}
