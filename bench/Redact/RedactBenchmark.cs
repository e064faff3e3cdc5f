using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using AgentPlatform.Audit.Redaction;
using AgentPlatform.Cli;
using Spectre.Console;

namespace AgentPlatform.Bench.Redact;

/// <summary>
/// What redaction costs, and why it is a scanner of our own: it and .NET's regular expressions without backtracking take turns over the
/// same texts. Needs no running platform.
/// </summary>
public static class RedactBenchmark
{
    private const int TextCharacters = 16 * 1024;
    private const int Rounds = 5;
    private const double CharactersPerMegabyte = 1e6;
    private static readonly TimeSpan RoundTime = TimeSpan.FromMilliseconds(400);

    private static readonly (string Name, string Piece)[] Texts =
    [
        ("clean words", "The agent proposed a costing and a person decided on it after reading all of the file. "),
        ("clean log", "session/0197f3c0-1111-7abc-8def-0123456789ab PENDING → ACTIVE at 2026-03-01T12:00:00.004211Z, 12.75 ms, total 1,487.50 EUR\n"),
        ("full of finds", "sam@example.com +49 30 1234567 4111 1111 1111 1111 DE89370400440532013000 192.0.2.1 2001:db8::1 123-45-6789 "),
        ("hostile @", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@a."),
        ("hostile digits", "(1"),
        ("hostile keys", "sk-api_key=eyJ"),
    ];

    public static Command NewCommand()
    {
        var command = new Command("redact", "Megabytes a second through redaction: clean text, text full of finds, hostile text. Needs no running platform.");
        command.SetAction(_ => Run());
        return command;
    }

    private static int Run()
    {
        var redactor = new Redactor(new RedactionSettings());
        var table = Terminal.NewTable("text", "finds", "scanner MB/s", "regex MB/s", "ratio");
        foreach (var (name, piece) in Texts)
        {
            var text = new StringBuilder().Insert(0, piece, TextCharacters / piece.Length + 1).ToString(0, TextCharacters);
            var (scanner, regex) = (new List<double>(), new List<double>());
            for (var round = 0; round < Rounds; round++)
            {
                scanner.Add(MegabytesPerSecond(text, t => redactor.Redact(t).Text));
                regex.Add(MegabytesPerSecond(text, RegexRedactor.Redact));
            }
            table.AddRow(name, redactor.Redact(text).Counts.Total.ToString(CultureInfo.InvariantCulture), Text(Median(scanner), "F1"), Text(Median(regex), "F1"),
                Text(Median(scanner) / Median(regex), "F1"));
        }
        Terminal.Out.MarkupLineInterpolated($"Texts of {TextCharacters:N0} characters, the median of {Rounds} rounds each way, one thread; a megabyte is a million characters");
        Terminal.Out.Write(table);
        return ExitCode.Ok;
    }

    private static double MegabytesPerSecond(string text, Func<string, string> redact)
    {
        redact(text);
        var started = Stopwatch.GetTimestamp();
        var times = 0;
        for (; Stopwatch.GetElapsedTime(started) < RoundTime; times++)
            redact(text);
        return times * (double)text.Length / CharactersPerMegabyte / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private static double Median(List<double> values) => values.Order().ElementAt(values.Count / 2);

    private static string Text(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
