using System.Globalization;
using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Vault.Forms;

/// <summary>Reads pages, title and text out of a .pdf.</summary>
internal sealed class FormReader(VaultSettings settings, TimeProvider clock)
{
    private const string PagesRead = "200";

    private readonly PdfProgram _program = new(settings, clock);

    public async Task<(int Pages, string Title, FormTextState State, string Text)> ReadAsync(ReadOnlyMemory<byte> file, CancellationToken cancellation)
    {
        var (outcome, info) = await _program.RunAsync(settings.PdfInfo, ["-enc", "UTF-8", "-"], file, cancellation);
        var facts = outcome is PdfOutcome.Done ? Facts(info) : [];
        var pages = int.TryParse(facts.GetValueOrDefault("Pages"), NumberStyles.None, CultureInfo.InvariantCulture, out var count) ? count : 0;
        var title = Clean(facts.GetValueOrDefault("Title", ""), FormRules.TitleMaximumCharacters);

        (outcome, var text) = await _program.RunAsync(settings.PdfToText, ["-enc", "UTF-8", "-l", PagesRead, "-nopgbrk", "-", "-"], file, cancellation);
        text = Clean(text, FormRules.TextMaximumCharacters);
        return outcome switch
        {
            PdfOutcome.Done when text.Length > 0 => (pages, title, FormTextState.Extracted, text),
            PdfOutcome.Done => (pages, title, FormTextState.NoText, ""),
            PdfOutcome.Missing => (pages, title, FormTextState.ToolMissing, ""),
            PdfOutcome.GivenUp => (pages, title, FormTextState.GivenUp, ""),
            _ => (pages, title, FormTextState.Unreadable, ""),
        };
    }

    // "Title:           Rental form"; the first of a name counts, since what follows may be the document's own words.
    private static Dictionary<string, string> Facts(string info)
    {
        var facts = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var line in info.Split('\n'))
        {
            if (line.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon)
                facts.TryAdd(line[..colon], line[(colon + 1)..].Trim());
        }
        return facts;
    }

    // Postgres has no NUL, and nobody needs a document's other controls; a pair cut in half would be no text.
    private static string Clean(string text, int maximum)
    {
        var clean = string.Concat(text.Where(c => c is '\n' or '\t' || !char.IsControl(c))).Trim();
        return clean.Length <= maximum ? clean : clean[..(char.IsHighSurrogate(clean[maximum - 1]) ? maximum - 1 : maximum)].TrimEnd();
    }
}
