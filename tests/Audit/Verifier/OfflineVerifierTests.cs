using System.Text.Json.Nodes;
using AgentPlatform.Cli.Audit.Verification;
using AgentPlatform.Contracts.Audit.V1;

namespace AgentPlatform.Tests.Audits;

/// <summary>
/// Two verifiers that were written apart, from docs/audit-format.md, against exports of the service: both accept what it wrote, and both
/// refuse every copy that was tampered with.
/// </summary>
public sealed class OfflineVerifierTests(ExportedLog log, TestServers servers) : IClassFixture<ExportedLog>
{
    public static TheoryData<string, string> Tamperings => new()
    {
        { "a changed text", "position 7 (" },
        { "a changed metadata value", "position 1 (" },
        { "a removed line", "position 7 (" },
        { "swapped lines", "position 7 (" },
        { "a repeated line", "position 7 (" },
        { "a truncated tail", "no end line" },
        { "a truncated tail with the end line kept", "position 18 (" },
        { "a rewritten chain", "rewritten chain" },
        { "a rewritten chain without its checkpoints", "signature" },
        { "a removed checkpoint", "checkpoint is missing" },
        { "a changed signature", "signature does not hold" },
        { "a changed range", "signature does not hold" },
        { "a member that is not hashed", "approved_by" },
        { "a line behind the end", "behind the end" },
        { "no header", "no header" },
        { "nothing at all", "empty" },
    };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Both_verifiers_accept_what_the_service_wrote(bool withAnchor)
    {
        Assert.Null(log.Break(log.Lines, withAnchor));
        var (exitCode, said) = await NodeVerifier.RunAsync(log.Write(log.Lines), withAnchor ? log.AnchorFile : "", log.Key);
        Assert.True(exitCode == 0, said);
        Assert.Contains("shard 0: 1–26", said, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Tamperings))]
    public async Task Both_verifiers_refuse_a_copy_with(string tampering, string expected)
    {
        var lines = Tamper(tampering);

        Assert.Contains(expected, log.Break(lines)?.Describe(), StringComparison.Ordinal);
        var (exitCode, said) = await NodeVerifier.RunAsync(log.Write(lines), "", log.Key);
        Assert.True(exitCode == 1, said);
        Assert.StartsWith("BREAK", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signature_of_a_key_that_is_not_trusted_proves_nothing()
    {
        using var other = System.Security.Cryptography.ECDsa.Create(System.Security.Cryptography.ECCurve.NamedCurves.nistP256);
        var pem = log.Write([other.ExportSubjectPublicKeyInfoPem()]);
        using var keys = new PublicKeys([pem]);
        using var file = new StringReader(string.Join('\n', log.Lines));

        Assert.Contains("only " + keys.Ids, Assert.Throws<ChainBreakException>(() => ExportVerifier.Verify(file, keys, Anchor.None)).Message, StringComparison.Ordinal);
        Assert.Equal(1, (await NodeVerifier.RunAsync(log.Write(log.Lines), "", pem)).ExitCode);
    }

    [Fact]
    public async Task The_anchor_finds_a_log_that_was_cut_together_with_its_checkpoints()
    {
        await using var cut = await CutAsync();

        var found = await BreakAsync(cut);

        Assert.Equal((0, 20), (found.Shard, found.Position));
        Assert.Contains("truncated", found.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_anchor_finds_a_log_that_was_cut_and_written_anew_even_with_the_right_key()
    {
        await using var cut = await CutAsync();
        await cut.AppendAsync(18);

        var found = await BreakAsync(cut);

        Assert.Equal((0, 20), (found.Shard, found.Position));
        Assert.Contains("rewritten chain", found.Message, StringComparison.Ordinal);
    }

    // Whoever owns the database takes the last entries away, the checkpoints that cover them, and what the writer remembers.
    private async Task<AuditLog> CutAsync()
    {
        var cut = await AuditLog.StartAsync(servers);
        await cut.AppendAsync(25);
        var anchor = Path.Combine(cut.Platform.AuditFolder, "checkpoints.ndjson");
        await Eventually.TrueAsync(async () => (await File.ReadAllLinesAsync(anchor)).Length >= 2, "two checkpoints in the anchor file");
        await cut.Platform.StopAsync("audit");
        File.Copy(anchor, KeptAnchorOf(cut));
        await cut.SpoilAsync("DELETE FROM audit.audit_log WHERE position > 12");
        await cut.SpoilAsync("DELETE FROM audit.checkpoints WHERE position > 12");
        await cut.Platform.SqlAsync<int>("""
            UPDATE audit.shards s SET head_position = l.position, head_hash = l.hash, head_recorded_at = l.recorded_at, checkpoint_number = 1, checkpoint_position = 10
              FROM audit.audit_log l WHERE l.shard = s.shard AND l.position = 12
            """);
        // An export does not wait for checkpoints of the last minute.
        cut.Platform.Clock.Advance(TimeSpan.FromMinutes(2));
        return cut;
    }

    private async Task<ChainBreakException> BreakAsync(AuditLog spoiled)
    {
        var export = log.Write((await spoiled.ExportAsync(new ExportEntriesRequest())).Split('\n')[..^1]);
        var key = Path.Combine(spoiled.Platform.AuditFolder, "signing.pub.pem");
        using var keys = new PublicKeys([key]);
        using (var file = new StreamReader(export))
            ExportVerifier.Verify(file, keys, Anchor.None);

        Assert.Equal(1, (await NodeVerifier.RunAsync(export, KeptAnchorOf(spoiled), key)).ExitCode);
        using var again = new StreamReader(export);
        using var anchor = new StreamReader(KeptAnchorOf(spoiled));
        return Assert.Throws<ChainBreakException>(() => ExportVerifier.Verify(again, keys, Anchor.Read(anchor, keys)));
    }

    private static string KeptAnchorOf(AuditLog log) => Path.Combine(log.Platform.AuditFolder, "kept.ndjson");

    private List<string> Tamper(string how)
    {
        var lines = log.Lines.ToList();
        var seventh = log.LineOf(7);
        var checkpoint = lines.FindIndex(l => ExportedLog.Is(l, "checkpoint"));
        switch (how)
        {
            case "a changed text":
                lines[seventh] = lines[seventh].Replace("user:sam", "user:pam", StringComparison.Ordinal);
                break;
            case "a changed metadata value":
                var first = log.LineOf(1);
                lines[first] = lines[first].Replace("before or after", "after", StringComparison.Ordinal);
                break;
            case "a removed line":
                lines.RemoveAt(seventh);
                break;
            case "swapped lines":
                (lines[seventh], lines[seventh + 1]) = (lines[seventh + 1], lines[seventh]);
                break;
            case "a repeated line":
                lines.Insert(seventh, lines[seventh]);
                break;
            case "a truncated tail":
                lines.RemoveRange(log.LineOf(19), lines.Count - log.LineOf(19));
                break;
            case "a truncated tail with the end line kept":
                lines.RemoveRange(log.LineOf(19), lines.Count - 1 - log.LineOf(19));
                break;
            case "a rewritten chain":
                Rewrite(lines, from: seventh);
                break;
            case "a rewritten chain without its checkpoints":
                lines.RemoveAll(l => ExportedLog.Is(l, "checkpoint"));
                Rewrite(lines, from: seventh);
                break;
            case "a removed checkpoint":
                lines.RemoveAt(checkpoint);
                break;
            case "a changed signature":
                lines[checkpoint] = lines[checkpoint].Replace("\"time\":\"2", "\"time\":\"3", StringComparison.Ordinal);
                break;
            case "a changed range":
                lines[0] = lines[0].Replace("\"end\":\"\"", "\"end\":\"2999-01-01T00:00:00.000000Z\"", StringComparison.Ordinal);
                break;
            case "a member that is not hashed":
                lines[seventh] = lines[seventh].Replace("{\"kind\"", "{\"approved_by\":\"user:boss\",\"kind\"", StringComparison.Ordinal);
                break;
            case "a line behind the end":
                lines.Add(lines[seventh]);
                break;
            case "no header":
                lines.RemoveAt(0);
                break;
            default:
                lines.Clear();
                break;
        }
        return lines;
    }

    // As somebody would who has the database and this page, and not the key: another text, and every hash from there on made anew.
    private static void Rewrite(List<string> lines, int from)
    {
        var hash = "";
        for (var i = from; i < lines.Count; i++)
        {
            var line = JsonNode.Parse(lines[i])!.AsObject();
            switch (line["kind"]!.GetValue<string>())
            {
                case "entry":
                    line["principal"] = "user:pam";
                    line["previous_hash"] = hash.Length > 0 ? hash : line["previous_hash"]!.GetValue<string>();
                    hash = EntryHash.Of(ExportLine.Read(line.ToJsonString(), i));
                    line["hash"] = hash;
                    break;
                case "end":
                    line["shards"]![0]!["hash"] = hash;
                    break;
            }
            lines[i] = line.ToJsonString();
        }
    }
}
