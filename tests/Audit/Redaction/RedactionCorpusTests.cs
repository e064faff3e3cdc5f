using System.Globalization;
using AgentPlatform.Audit.Redaction;

namespace AgentPlatform.Tests.Audits;

/// <summary>How much of what must go is found, and how much of what is found must go.</summary>
public sealed class RedactionCorpusTests(ITestOutputHelper output)
{
    // What the corpus has that no rule without knowledge of the world can decide is in it all the same, so neither is quite 1.
    private const double PrecisionFloor = 0.98;
    private const double RecallFloor = 0.98;

    private static readonly RedactionKindSet AllKinds = RedactionKinds.All.Aggregate(default(RedactionKindSet), (set, kind) => set.With(kind));

    [Fact]
    public void Precision_and_recall_stay_above_their_floors()
    {
        var samples = RedactionCorpus.Read();
        var found = samples.SelectMany((s, i) => Find(s.Text).Select(m => (Sample: i, Match: m))).ToList();
        var expected = samples.SelectMany((s, i) => s.Expected.Select(m => (Sample: i, Match: m))).ToList();
        var right = found.Intersect(expected).ToList();

        output.WriteLine("kind         expected  found  right  precision  recall");
        foreach (var kind in RedactionKinds.All)
            Print(kind.Name(), expected.Count(m => m.Match.Kind == kind), found.Count(m => m.Match.Kind == kind), right.Count(m => m.Match.Kind == kind));
        Print("all", expected.Count, found.Count, right.Count);
        foreach (var (sample, match) in found.Except(expected))
            output.WriteLine($"wrongly found {match.Kind.Name()}: {samples[sample].Text[match.Start..match.End]} in: {samples[sample].Text}");
        foreach (var (sample, match) in expected.Except(found))
            output.WriteLine($"missed {match.Kind.Name()}: {samples[sample].Text[match.Start..match.End]} in: {samples[sample].Text}");

        Assert.True(expected.Count > 100, "the corpus was not read");
        Assert.InRange((double)right.Count / found.Count, PrecisionFloor, 1);
        Assert.InRange((double)right.Count / expected.Count, RecallFloor, 1);
    }

    [Fact]
    public void What_agents_write_all_day_is_left_alone() =>
        Assert.Empty(RedactionCorpus.Read().Where(s => s.Section == "none").SelectMany(s => Find(s.Text).Select(m => s.Text[m.Start..m.End])));

    [Fact]
    public void A_redacted_text_is_not_redacted_further()
    {
        var redactor = new Redactor(new RedactionSettings());
        foreach (var sample in RedactionCorpus.Read())
        {
            var once = redactor.Redact(sample.Text).Text;
            Assert.Equal(once, redactor.Redact(once).Text);
        }
    }

    private void Print(string kind, int expected, int found, int right) => output.WriteLine(string.Create(CultureInfo.InvariantCulture,
        $"{kind,-12} {expected,8} {found,6} {right,6} {Share(right, found),10:F3} {Share(right, expected),7:F3}"));

    private static double Share(int part, int whole) => whole == 0 ? 1 : (double)part / whole;

    private static List<Match> Find(string text)
    {
        var matches = new List<Match>();
        var scanner = new Scanner(text, context: "", AllKinds);
        while (scanner.TryFindNext(out var match))
            matches.Add(match);
        return matches;
    }
}
