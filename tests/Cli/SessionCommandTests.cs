using System.Text.Json;
using AgentPlatform.Cli;
using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Approvals = AgentPlatform.Contracts.Session.V1.ApprovalService.ApprovalServiceClient;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Commands;

/// <summary><c>agentctl session …</c> and <c>agentctl approval …</c> as processes, through a gateway.</summary>
public sealed class SessionCommandTests(Platform platform) : IClassFixture<Platform>, IAsyncLifetime
{
    private readonly Agentctl _agentctl = new();

    public async ValueTask InitializeAsync()
    {
        var gateway = await platform.StartAsync("gateway");
        _agentctl.WriteRunNote(gateway: gateway.GrpcAddress);
        Tokens.Key.Save(_agentctl.PathOf("development-key.pem"));
    }

    public ValueTask DisposeAsync()
    {
        _agentctl.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_session_is_listed_shown_watched_and_ended()
    {
        var agent = await platform.ClientAsync<Client>(Tokens.Agent("cli-agent"));
        var id = (await agent.CreateSessionAsync(new CreateSessionRequest { Role = "finance", Task = "Price it" })).Session.Id;
        await agent.AppendEventsAsync(new AppendEventsRequest { SessionId = id, Events = { new SessionEvent { Type = "tool.called", Message = "März \u001b[2J\u202e" } } });

        Assert.Contains(id, (await _agentctl.RunAsync("session", "list", "--agent", "cli-agent", "--status", "pending")).Output, StringComparison.Ordinal);
        var shown = (await _agentctl.RunAsync("session", "show", id)).Output;
        // What would steer the terminal, or turn the order of letters round, is shown and not obeyed.
        Assert.Contains(@"tool.called  März \u001b[2J\u202e", shown, StringComparison.Ordinal);

        var ended = await _agentctl.RunAsync("session", "end", id, "--reason", "enough");
        Assert.Equal((ExitCode.Ok, true), (ended.ExitCode, ended.Output.Contains("is cancelled", StringComparison.Ordinal)));
        var watched = (await _agentctl.RunAsync("session", "watch", id, "--after", "0", "--json")).Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(["session", "event"], watched.Select(l => JsonDocument.Parse(l).RootElement.EnumerateObject().First().Name));
        Assert.Contains("ILLEGAL_TRANSITION", (await _agentctl.RunAsync("session", "end", id, "--reason", "again")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_approval_is_listed_shown_and_decided_on_what_was_shown()
    {
        var agent = await platform.ClientAsync<Approvals>(Tokens.Agent("cli-agent"));
        var asked = (await agent.RequestApprovalAsync(new RequestApprovalRequest
        {
            ApproverRole = Role.Operator,
            Action = "mail.send",
            Reason = "The offer is ready.",
            Arguments = Struct.Parser.ParseJson("""{"to": ["ann@example.org"], "subject": "Angebot für März"}"""),
        })).Approval;

        Assert.Contains(asked.Id, (await _agentctl.RunAsync("approval", "list")).Output, StringComparison.Ordinal);
        var shown = (await _agentctl.RunAsync("approval", "show", asked.Id)).Output;
        Assert.All(new[] { "mail.send", "The offer is ready.", "Angebot für März", asked.Digest }, t => Assert.Contains(t, shown, StringComparison.Ordinal));

        Assert.Contains("--yes", (await _agentctl.RunAsync("approval", "approve", asked.Id)).Errors, StringComparison.Ordinal);
        Assert.Contains("DIGEST_MISMATCH", (await _agentctl.RunAsync("approval", "approve", asked.Id, "--yes", "--digest", new string('0', 64))).Errors, StringComparison.Ordinal);
        var approved = await _agentctl.RunAsync("approval", "approve", asked.Id, "--yes", "--notes", "fine", "--digest", asked.Digest);
        Assert.Contains("is approved", approved.Output, StringComparison.Ordinal);
        Assert.Contains("ALREADY_DECIDED", (await _agentctl.RunAsync("approval", "reject", asked.Id, "--yes")).Errors, StringComparison.Ordinal);
        Assert.DoesNotContain(asked.Id, (await _agentctl.RunAsync("approval", "list")).Output, StringComparison.Ordinal);
        Assert.Contains(asked.Id, (await _agentctl.RunAsync("approval", "list", "--status", "any")).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("session list --limit 0")]
    [InlineData("session list --status perhaps")]
    [InlineData("session end 0197f3c0-0000-7000-8000-000000000001")]
    [InlineData("approval list --status perhaps")]
    [InlineData("approval approve")]
    [InlineData("approval reject x --as agent")]
    public async Task Wrong_usage_is_code_2(string commandLine) =>
        Assert.Equal(ExitCode.WrongUsage, (await _agentctl.RunAsync(commandLine.Split(' '))).ExitCode);
}
