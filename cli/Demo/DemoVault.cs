namespace AgentPlatform.Cli.Demo;

/// <summary>The demonstration's files. They travel with this program, and have a folder of their own in the vault.</summary>
public static class DemoVault
{
    public const string Folder = "demo";

    /// <summary>The price list, as the vault names it.</summary>
    public const string PriceListPath = $"{Folder}/prices.xlsx";

    /// <summary>Copies the files into the vault, over older copies, and gives back their names.</summary>
    public static IReadOnlyList<string> CopyTo(string vaultRoot)
    {
        var target = Directory.CreateDirectory(Path.Combine(vaultRoot, Folder)).FullName;
        var files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, Folder)).Order(StringComparer.Ordinal).ToList();
        foreach (var file in files)
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)), overwrite: true);
        return [.. files.Select(f => Path.GetFileName(f))];
    }
}
