using AgentPlatform.Audit.Redaction;

namespace AgentPlatform.Tests.Audits;

/// <summary>The texts of corpus.txt; its head says how they are written.</summary>
public static class RedactionCorpus
{
    private const char Open = '⟦';
    private const char Close = '⟧';

    /// <summary>A text, and what of it must go.</summary>
    /// <param name="Section">The kind that it tries, or <c>none</c>.</param>
    public sealed record Sample(string Section, string Text, IReadOnlyList<Match> Expected);

    public static IReadOnlyList<Sample> Read() =>
    [
        .. File.ReadLines(Repository.PathOf("tests", "Audit", "Redaction", "corpus.txt"))
            .Where(l => l.Length > 0 && !l.StartsWith('#'))
            .Select(l => l.Split('\t', 2))
            .Select(parts => Parse(parts[0], parts[1].Replace("·", "", StringComparison.Ordinal).Replace('␤', '\n'))),
    ];

    private static Sample Parse(string section, string marked)
    {
        var text = new System.Text.StringBuilder();
        var expected = new List<Match>();
        for (var at = 0; at < marked.Length; at++)
        {
            if (marked[at] != Open)
            {
                text.Append(marked[at]);
                continue;
            }
            var close = marked.IndexOf(Close, at);
            var inner = marked[(at + 1)..close];
            var name = section;
            if (inner.Split(':', 2) is [var named, var rest] && RedactionKinds.TryParse(named, out _))
                (name, inner) = (named, rest);
            Assert.True(RedactionKinds.TryParse(name, out var kind), $"'{name}' is no kind");
            expected.Add(new Match(kind, text.Length, text.Length + inner.Length));
            text.Append(inner);
            at = close;
        }
        return new Sample(section, text.ToString(), expected);
    }
}
