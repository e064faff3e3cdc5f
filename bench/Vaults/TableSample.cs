namespace AgentPlatform.Bench.Vaults;

/// <summary>A file with a table that costs as much as it may, or with one that was made to cost more.</summary>
/// <param name="Name">Its name in the vault.</param>
/// <param name="Refusal">What the vault is to refuse it for; empty when it is to be read.</param>
/// <param name="WriteTo">Writes its bytes, which are more than one would have in memory.</param>
public sealed record TableSample(string Name, string Refusal, Action<Stream> WriteTo)
{
    public bool IsHostile => Refusal.Length > 0;

    /// <summary>Makes the file.</summary>
    public void WriteInto(string folder)
    {
        using var file = File.Create(Path.Combine(folder, Name));
        WriteTo(file);
    }
}
