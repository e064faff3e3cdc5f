using AgentPlatform.Cli;
using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Approvals = AgentPlatform.Contracts.Session.V1.ApprovalService.ApprovalServiceClient;

namespace AgentPlatform.Tests.Commands;

/// <summary><c>agentctl approval …</c> as processes, through a gateway.</summary>
public sealed class ApprovalCommandTests(Platform platform) : IClassFixture<Platform>, IAsyncLifetime
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
    [InlineData("approval list --status perhaps")]
    [InlineData("approval approve")]
    [InlineData("approval reject x --as agent")]
    public async Task Wrong_usage_is_code_2(string commandLine) =>
        Assert.Equal(ExitCode.WrongUsage, (await _agentctl.RunAsync(commandLine.Split(' '))).ExitCode);
}
