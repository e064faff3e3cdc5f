using System.Globalization;
using System.Text;
using AgentPlatform.Audit.Redaction;

namespace AgentPlatform.Tests.Audits;

/// <summary>
/// Whoever writes the text, the work grows with its length and with nothing else. Work is counted in characters looked at, since times
/// on a shared machine prove nothing.
/// </summary>
public sealed class RedactionWorkTests(ITestOutputHelper output)
{
    private const int Characters = 64 * 1024;
    private const double LooksPerCharacterMaximum = 60;
    private const double GrowthTolerance = 0.02;

    private static readonly RedactionKindSet AllKinds = RedactionKinds.All.Aggregate(default(RedactionKindSet), (set, kind) => set.With(kind));

    // Beginnings without ends, near-misses in rows, and what would let a search with backtracking start anew at every character.
    private static readonly string[] Pieces =
    [
        "a", "@", "a@", "a@a.", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@", "%40", "a.a.a.a@a.a.a.a-",
        "1", "1 ", "1-", "12 34 ", "0171 ", "+", "+1", "+1 ", "(1", "(415) ", "1.", "1.1.1.", "255.255.255.", "1,", "415-555-",
        ":", "::", "1:", "1::", "ffff:", "f:f:f:f:f:f:f:f:", "4111 1111 1111 ", "4111-", "41111111111111111", "DE89", "DE89 ", "DE89 3704 0044 0532 ",
        "eyJ", "eyJ.", "eyJhbGciOiJub25l.", "eyJhbGciOiJub25lIn0-", "bearer ", "bearer a", "sk-", "sk-a", "api_key=", "api_key: a", "api_key=1", "xoxb-xoxb-", "ghp_", "AIza1-", "SG.1", "hvs.a1-",
        "-----BEGIN ", "-----BEGIN PRIVATE KEY-----", "-----BEGIN PRIVATE KEY-----A", "-----END ", "-", "tel ", "tel 1", "phone 1", "version 1.1.1.", "\\n1", "\ud83d", "é1",
    ];

    [Fact]
    public void Work_on_hostile_text_grows_with_its_length_alone()
    {
        var (worst, worstPiece) = (0.0, "");
        foreach (var piece in Pieces)
        {
            var (once, four) = (WorkOn(Repeat(piece, Characters)), WorkOn(Repeat(piece, 4 * Characters)));
            Assert.True(four <= once * 4 * (1 + GrowthTolerance), $"'{piece}': {once:N0} looks at {Characters:N0} characters, {four:N0} at four times as many");
            Assert.True(once <= LooksPerCharacterMaximum * Characters, $"'{piece}': {(double)once / Characters:F1} looks a character");
            if ((double)once / Characters > worst)
                (worst, worstPiece) = ((double)once / Characters, piece);
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"worst: {worst:F1} looks a character, with '{worstPiece}'"));
    }

    [Fact]
    public void Work_on_random_mixtures_stays_bounded()
    {
        var random = new Random(4);
        for (var round = 0; round < 200; round++)
        {
            var text = new StringBuilder();
            while (text.Length < Characters / 16)
                text.Append(Pieces[random.Next(Pieces.Length)]).Append(' ', random.Next(2));
            Assert.True(WorkOn(text.ToString()) <= LooksPerCharacterMaximum * text.Length, $"round {round}");
        }
    }

    private static string Repeat(string piece, int characters) => new StringBuilder().Insert(0, piece, characters / piece.Length + 1).ToString(0, characters);

    private static long WorkOn(string text)
    {
        var scanner = new Scanner(text, context: "", AllKinds);
        while (scanner.TryFindNext(out _))
        {
            // Only the work matters here.
        }
        return scanner.Examined;
    }
}
