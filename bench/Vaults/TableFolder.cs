using AgentPlatform.Bench.Chaos;

namespace AgentPlatform.Bench.Vaults;

/// <summary>A vault's folder with these tables in it; it goes away with this.</summary>
public sealed class TableFolder : IDisposable
{
    /// <summary>A table of two cells.</summary>
    public const string SmallFile = "small.csv";

    public TableFolder(IEnumerable<TableSample> samples)
    {
        File.WriteAllText(Path.Combine(Root, SmallFile), "a,b\n1,2\n");
        foreach (var sample in samples)
            sample.WriteInto(Root);
    }

    public string Root { get; } = LocalPrograms.NewFolder("bench-tables");

    public long SizeOf(TableSample sample) => new FileInfo(Path.Combine(Root, sample.Name)).Length;

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
