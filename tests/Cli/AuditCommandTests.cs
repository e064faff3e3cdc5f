using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AgentPlatform.Cli;
using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Tests.Audits;

namespace AgentPlatform.Tests.Commands;

/// <summary><c>agentctl audit …</c> as a process, through a gateway, at an audit service.</summary>
public sealed class AuditCommandTests(Platform platform) : IClassFixture<Platform>, IAsyncLifetime
{
    private readonly Agentctl _agentctl = new();
    private readonly string _run = Guid.NewGuid().ToString("N");

    public async ValueTask InitializeAsync()
    {
        var gateway = await platform.StartAsync("gateway");
        _agentctl.WriteRunNote(gateway: gateway.GrpcAddress);
        Tokens.Key.Save(_agentctl.PathOf("development-key.pem"));
        var service = await platform.ClientAsync<AuditService.AuditServiceClient>(Tokens.Service("costing"));
        var entries = Enumerable.Range(0, 5).Select(i => Entries.OfService($"{_run}.act", $"{_run}/{i}")).ToList();
        entries[4].Outcome = Outcome.Denied;
        await service.AppendEntriesAsync(new AppendEntriesRequest { Entries = { entries } });
    }

    public ValueTask DisposeAsync()
    {
        _agentctl.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task List_shows_a_table_newest_first_and_says_when_there_is_more()
    {
        var (exitCode, output, errors) = await RunAsync("list", "--operation", $"{_run}.*", "--limit", "3");

        Assert.Equal(ExitCode.Ok, exitCode);
        Assert.Equal(["4", "3", "2"], output.Split('\n').Where(l => l.Contains($"{_run}/", StringComparison.Ordinal)).Select(l => l.Split($"{_run}/")[1][..1]));
        Assert.Contains("There are more", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Texts_of_callers_do_not_steer_the_terminal()
    {
        var service = await platform.ClientAsync<AuditService.AuditServiceClient>(Tokens.Service("costing"));
        var entry = Entries.OfService($"{_run}.steer", $"{_run}/steer");
        (entry.Outcome, entry.ErrorMessage) = (Outcome.Failed, "gone \u001b[2J\u202e");
        await service.AppendEntriesAsync(new AppendEntriesRequest { Entries = { entry } });
        Assert.Contains(@"gone \u001b[2J\u202e", (await RunAsync("list", "--operation", $"{_run}.steer")).Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_filters_and_gives_whole_entries_as_json()
    {
        var (_, output, _) = await RunAsync("list", "--resource", $"{_run}/", "--outcome", "denied", "--from", "5m", "--json");

        var entry = JsonDocument.Parse(output).RootElement;
        Assert.Equal($"{_run}/4", entry.GetProperty("resource").GetString());
        Assert.Equal("DENIED", entry.GetProperty("outcome").GetString());
    }

    [Fact]
    public async Task List_of_nothing_says_so()
    {
        var (exitCode, output, errors) = await RunAsync("list", "--correlation", "nobody-has-this");

        Assert.Equal((ExitCode.Ok, ""), (exitCode, output));
        Assert.Contains("no such entries", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Metrics_counts_calls_and_errors()
    {
        var (exitCode, output, _) = await RunAsync("metrics", "--operation", $"{_run}.act", "--from", "1h");

        Assert.Equal(ExitCode.Ok, exitCode);
        Assert.Matches($@"{_run}\.act .* 5 +20\.0 %", output);
    }

    [Fact]
    public async Task An_export_is_verified_without_the_platform_and_a_spoiled_one_fails_at_the_entry()
    {
        var file = _agentctl.PathOf("export.ndjson");
        var key = Path.Combine(platform.AuditFolder, "signing.pub.pem");
        Assert.Equal(ExitCode.Ok, (await RunAsync("export", file)).ExitCode);
        Assert.False(File.Exists(file + ".part"));

        File.Delete(_agentctl.PathOf("run.json"));
        var (exitCode, output, _) = await RunAsync("verify", file, "--key", key);
        Assert.Equal(ExitCode.Ok, exitCode);
        Assert.Contains("All holds", output, StringComparison.Ordinal);

        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file)).Replace($"{_run}/2", $"{_run}/3", StringComparison.Ordinal));
        (exitCode, output, var errors) = await RunAsync("verify", file, "--key", key);
        Assert.Equal((ExitCode.Failed, ""), (exitCode, output));
        Assert.Matches(@"export\.ndjson does not hold: shard \d+, position \d+ \(line \d+\): changed", errors);
    }

    [Fact]
    public async Task Tail_shows_entries_and_goes_on_where_it_was_stopped()
    {
        var first = await TailAsync(["--operation", $"{_run}.act", "--from-beginning"], lines: 5);
        Assert.Equal(["0", "1", "2", "3", "4"], first.Lines.Select(l => l.Split($"{_run}/")[1][..1]));
        var token = first.Errors.Split("--resume ")[1].Trim();

        var service = await platform.ClientAsync<AuditService.AuditServiceClient>(Tokens.Service("costing"));
        await service.AppendEntriesAsync(new AppendEntriesRequest { Entries = { Entries.OfService($"{_run}.act", $"{_run}/later") } });
        var second = await TailAsync(["--operation", $"{_run}.act", "--resume", token], lines: 1);
        Assert.Contains($"{_run}/later", Assert.Single(second.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_spreadsheet_goes_to_the_output_when_asked()
    {
        var (exitCode, output, _) = await RunAsync("export", "-", "--format", "csv");

        Assert.Equal(ExitCode.Ok, exitCode);
        Assert.Contains($"{_run}/0", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_export_or_no_key_is_named()
    {
        _agentctl.Write("readme.txt", "Hello");
        var (text, key) = (_agentctl.PathOf("readme.txt"), Path.Combine(platform.AuditFolder, "signing.pub.pem"));

        Assert.Contains("could not find", (await RunAsync("verify", _agentctl.PathOf("none"), "--key", key)).Errors, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("no public key", (await RunAsync("verify", text, "--key", text)).Errors, StringComparison.Ordinal);
        var notExport = await RunAsync("verify", text, "--key", key);
        Assert.Equal(ExitCode.Failed, notExport.ExitCode);
        Assert.Contains("line 1", notExport.Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("list --limit 0")]
    [InlineData("list --outcome perhaps")]
    [InlineData("list --from yesterday")]
    [InlineData("metrics --window often")]
    [InlineData("tail --resume 0:1 --from-beginning")]
    [InlineData("export")]
    [InlineData("export f --format xml")]
    [InlineData("verify f")]
    [InlineData("list --gateway nowhere")]
    public async Task Wrong_usage_is_code_2(string commandLine) =>
        Assert.Equal(ExitCode.WrongUsage, (await RunAsync(commandLine.Split(' '))).ExitCode);

    [Fact]
    public async Task Another_platform_needs_a_token() =>
        Assert.Contains("AGENTPLATFORM_TOKEN", (await RunAsync("list", "--gateway", "http://localhost:9")).Errors, StringComparison.Ordinal);

    // Reads so many lines, then does what Ctrl-C does.
    private async Task<(List<string> Lines, string Errors)> TailAsync(string[] arguments, int lines)
    {
        using var process = _agentctl.Start(["audit", "tail", .. arguments]);
        var shown = new List<string>();
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (shown.Count < lines)
            shown.Add(await process.StandardOutput.ReadLineAsync(deadline.Token) ?? throw new InvalidOperationException(await process.StandardError.ReadToEndAsync(deadline.Token)));
        Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]).Dispose();
        await process.WaitForExitAsync(deadline.Token);
        Assert.Equal(ExitCode.Ok, process.ExitCode);
        return (shown, await process.StandardError.ReadToEndAsync(deadline.Token));
    }

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => _agentctl.RunAsync(["audit", .. arguments]);
}
