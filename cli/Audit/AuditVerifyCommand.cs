using System.CommandLine;
using System.Globalization;
using System.Text;
using AgentPlatform.Cli.Audit.Verification;
using Spectre.Console;

namespace AgentPlatform.Cli.Audit;

/// <summary><c>agentctl audit verify</c>: needs an export and public keys, and neither the platform nor trust in it.</summary>
public static class AuditVerifyCommand
{
    // Bytes that are no UTF-8 are not what the platform wrote.
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    public static Command Create()
    {
        var file = new Argument<string>("FILE") { Description = "An export in NDJSON, as 'agentctl audit export' writes it." };
        var keys = new Option<string[]>("--key")
        {
            HelpName = "PEM",
            Required = true,
            AllowMultipleArgumentsPerToken = false,
            Description = "A public key that you trust; once for each, when keys were rotated.",
        };
        var checkpoints = new Option<string?>("--checkpoints")
        {
            HelpName = "FILE",
            Description = "The anchor: checkpoints that were kept outside the database. It finds a log that was cut or rewritten together with its checkpoints.",
        };
        var command = new Command("verify", "Verifies an export offline, with public keys alone. Names the first break by shard and position, and fails.") { file, keys, checkpoints };
        command.SetAction(parsed => Run(parsed.GetRequiredValue(file), parsed.GetRequiredValue(keys), parsed.GetValue(checkpoints)));
        return command;
    }

    private static int Run(string file, IEnumerable<string> keyFiles, string? checkpoints)
    {
        using var keys = new PublicKeys(keyFiles);
        var anchor = checkpoints is null ? Anchor.None : Read(checkpoints, f => Anchor.Read(f, keys));
        var report = Read(file, f => ExportVerifier.Verify(f, keys, anchor));

        Terminal.Out.MarkupLineInterpolated($"[green]All holds.[/] Exported {report.ExportedAt}, entries recorded {RangeOf(report)}; keys {keys.Ids}{(checkpoints is null ? "" : $"; {anchor.Count} anchored checkpoints")}");
        if (report.Shards.Count == 0)
        {
            Terminal.Out.WriteLine("There are no entries in it.");
            return ExitCode.Ok;
        }
        var table = Terminal.NewTable("shard", "from", "to", "checkpoints", "without checkpoint yet");
        foreach (var shard in report.Shards)
            table.AddRow([.. new[] { shard.Shard, shard.First, shard.Last, shard.Checkpoints, shard.WithoutCheckpoint }.Select(n => n.ToString(CultureInfo.InvariantCulture))]);
        Terminal.Out.Write(table);
        return ExitCode.Ok;
    }

    private static string RangeOf(VerificationReport report) => (report.Start, report.End) switch
    {
        ("", "") => "at any time",
        (var start, "") => $"from {start}",
        ("", var end) => $"before {end}",
        var (start, end) => $"from {start} to {end}",
    };

    private static T Read<T>(string path, Func<TextReader, T> read)
    {
        using var file = new StreamReader(path, StrictUtf8, detectEncodingFromByteOrderMarks: false);
        try
        {
            return read(file);
        }
        catch (ChainBreakException e)
        {
            throw new CliException($"{path} does not hold: {e.Describe()}", e);
        }
        catch (DecoderFallbackException e)
        {
            throw new CliException($"{path} does not hold: it has bytes that are no UTF-8", e);
        }
    }
}
