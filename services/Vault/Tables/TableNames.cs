namespace AgentPlatform.Vault.Tables;

/// <summary>Names of a file's parts as refusals list them.</summary>
internal static class TableNames
{
    private const int Shown = 10;

    public static string Listed(IEnumerable<string> names)
    {
        var all = names.ToList();
        return string.Join(", ", all.Take(Shown).Select(TableErrors.Shown)) + (all.Count > Shown ? $" and {all.Count - Shown:N0} more" : "");
    }
}
