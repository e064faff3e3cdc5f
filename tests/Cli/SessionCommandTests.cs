using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AgentPlatform.Cli;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Tests.Sessions;
using Google.Protobuf.WellKnownTypes;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Commands;

/// <summary><c>agentctl session …</c> as a process, through a gateway, at a session service.</summary>
public sealed class SessionCommandTests(Platform platform) : IClassFixture<Platform>, IAsyncLifetime
{
    private readonly Agentctl _agentctl = new();
    private readonly string _agent = $"cli-{Guid.NewGuid():N}";
    private Client _client = null!;

    public async ValueTask InitializeAsync()
    {
        var gateway = await platform.StartAsync("gateway");
        _agentctl.WriteRunNote(gateway: gateway.GrpcAddress);
        Tokens.Key.Save(_agentctl.PathOf("development-key.pem"));
        _client = await platform.ClientAsync<Client>(Tokens.Agent(_agent));
    }

    public ValueTask DisposeAsync()
    {
        _agentctl.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task List_shows_a_table_newest_first_and_says_when_there_is_more()
    {
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Add((await _client.CreateAsync()).Id);
            platform.Clock.Advance(TimeSpan.FromMilliseconds(2));
        }
        var (exitCode, output, errors) = await RunAsync("list", "--agent", _agent, "--limit", "2");

        Assert.Equal(ExitCode.Ok, exitCode);
        Assert.Equal([ids[2], ids[1]], output.Split('\n').Where(l => l.Contains(_agent, StringComparison.Ordinal)).Select(l => l.Trim()[..36]));
        Assert.Contains("There are more", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_filters_and_gives_whole_sessions_as_json()
    {
        await _client.CreateAsync();
        var wanted = (await _client.CreateSessionAsync(new CreateSessionRequest
        {
            Role = "finance",
            Subject = new Subject { Type = "file", Id = "a/b.txt" },
            Metadata = Struct.Parser.ParseJson("""{"client": {"city": "Durban"}}"""),
        })).Session;
        var (_, output, _) = await RunAsync("list", "--agent", _agent, "--subject", "file/a/b.txt", "--metadata", """{"client":{"city":"Durban"}}""", "--status", "pending", "--from", "5m", "--json");

        Assert.Equal(wanted.Id, JsonDocument.Parse(output).RootElement.GetProperty("id").GetString());
        Assert.Contains("no such sessions", (await RunAsync("list", "--agent", _agent, "--status", "failed")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_shows_the_session_its_context_and_its_last_events()
    {
        var session = await _client.CreateAsync();
        await _client.AppendAsync(session.Id, 12);
        await _client.UpdateContextAsync(new UpdateContextRequest { SessionId = session.Id, MergePatch = Struct.Parser.ParseJson("""{"step": "price"}"""), Increments = { ["turns"] = 7 } });
        var (exitCode, output, _) = await RunAsync("show", session.Id, "--events", "2");

        Assert.Equal(ExitCode.Ok, exitCode);
        foreach (var part in new[] { session.Id, "PENDING", "events 12, turns 7", "\"step\": \"price\"", "11  test.happened  11", "12  test.happened  12" })
            Assert.Contains(part, output, StringComparison.Ordinal);
        Assert.DoesNotContain("10  test.happened", output, StringComparison.Ordinal);
        var lines = (await RunAsync("show", session.Id, "--json")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(12, lines.Length);
        Assert.Equal("7", JsonDocument.Parse(lines[1]).RootElement.GetProperty("counters").GetProperty("turns").GetString());
    }

    [Fact]
    public async Task Watch_shows_all_until_the_end_and_ends_with_it()
    {
        var session = await _client.CreateAsync();
        await _client.AppendAsync(session.Id, 2);
        using var process = _agentctl.Start("session", "watch", session.Id, "--after", "1");
        var shown = new List<string> { await LineAsync(process), await LineAsync(process) };
        var (exitCode, output, _) = await RunAsync("end", session.Id, "--reason", "no longer wanted");
        shown.Add(await LineAsync(process));
        await process.WaitForExitAsync();

        Assert.Equal((ExitCode.Ok, ExitCode.Ok), (exitCode, process.ExitCode));
        Assert.Contains("CANCELLED", output, StringComparison.Ordinal);
        Assert.Contains("PENDING", shown[0], StringComparison.Ordinal);
        Assert.Contains("2  test.happened  2", shown[1], StringComparison.Ordinal);
        Assert.Contains("CANCELLED  version 2", shown[2], StringComparison.Ordinal);
        Assert.Equal("no longer wanted", (await platform.AuditOfAsync($"session/{session.Id}", atLeast: 3))[2].Metadata.Fields["reason"].StringValue);
    }

    [Fact]
    public async Task Watch_that_is_stopped_says_how_to_go_on()
    {
        var session = await _client.CreateAsync();
        await _client.AppendAsync(session.Id, 3);
        using var process = _agentctl.Start("session", "watch", session.Id);
        await LineAsync(process);
        Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]).Dispose();
        await process.WaitForExitAsync();

        Assert.Equal(ExitCode.Ok, process.ExitCode);
        Assert.Contains("--after 3", await process.StandardError.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_done_is_said_in_a_line()
    {
        var session = await _client.CreateAsync();
        var (exitCode, _, errors) = await RunAsync("end", session.Id, "--as", "completed");
        Assert.Equal(ExitCode.Failed, exitCode);
        Assert.Contains("FAILED_PRECONDITION ILLEGAL_TRANSITION", errors, StringComparison.Ordinal);
        foreach (var command in new[] { "show", "watch", "end" })
            Assert.Contains("NOT_FOUND SESSION_NOT_FOUND", (await RunAsync(command, Guid.CreateVersion7().ToString())).Errors, StringComparison.Ordinal);
        Assert.Contains("OUT_OF_RANGE", (await RunAsync("watch", session.Id, "--after", "9")).Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("list --limit 0")]
    [InlineData("list --status perhaps")]
    [InlineData("list --from yesterday")]
    [InlineData("show")]
    [InlineData("show x --events 501")]
    [InlineData("watch x --after -1")]
    [InlineData("end x --as expired")]
    public async Task Wrong_usage_is_code_2(string commandLine) =>
        Assert.Equal(ExitCode.WrongUsage, (await RunAsync(commandLine.Split(' '))).ExitCode);

    [Fact]
    public async Task Another_platform_needs_a_token() =>
        Assert.Contains("AGENTPLATFORM_TOKEN", (await RunAsync("list", "--gateway", "http://localhost:9")).Errors, StringComparison.Ordinal);

    private static async Task<string> LineAsync(Process process)
    {
        using var deadline = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        return await process.StandardOutput.ReadLineAsync(deadline.Token) ?? throw new InvalidOperationException(await process.StandardError.ReadToEndAsync(deadline.Token));
    }

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => _agentctl.RunAsync(["session", .. arguments]);
}
