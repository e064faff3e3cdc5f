namespace AgentPlatform.Vault;

/// <summary>Section <c>Vault</c>.</summary>
public sealed class VaultSettings
{
    /// <summary>
    /// Required. The folder whose files are handed out: an absolute path, outside every git work tree and not writable by others.
    /// </summary>
    public string Root { get; init; } = "";

    /// <summary>Whether files are handed out that have a further name, which may be outside the root: where they are kept by a tool that links them.</summary>
    public bool AllowHardLinks { get; init; }

    /// <summary>How many directory entries one page of a list may look at: a listing is a look round, not a crawl.</summary>
    public int ListMaximumEntries { get; init; } = 100_000;

    /// <summary>How many tables and forms one instance reads at once; each may cost some 150 MB.</summary>
    public int TablesAtOnce { get; init; } = 4;

    /// <summary>How long one may take until its caller has all rows.</summary>
    public TimeSpan TableTimeLimit { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Headings of the legacy inventory's columns, beside those that are known anyway.</summary>
    public Tables.InventorySettings Inventory { get; init; } = new();

    /// <summary>The program that tells a .pdf's pages and title, and the one that tells its text: names to be found by PATH, or paths.</summary>
    public string PdfInfo { get; init; } = "pdfinfo";

    /// <inheritdoc cref="PdfInfo"/>
    public string PdfToText { get; init; } = "pdftotext";

    /// <summary>How long each of them may take for a form.</summary>
    public TimeSpan FormTimeLimit { get; init; } = TimeSpan.FromSeconds(10);
}
