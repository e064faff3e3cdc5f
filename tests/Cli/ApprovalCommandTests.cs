using AgentPlatform.Cli;
using AgentPlatform.Cli.Approvals;
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

    [Fact]
    public async Task What_is_other_than_the_last_time_is_shown()
    {
        var agent = await platform.ClientAsync<Approvals>(Tokens.Agent("cli-repeater"));
        async Task<Approval> AskAsync(string arguments) => (await agent.RequestApprovalAsync(new RequestApprovalRequest
        {
            ApproverRole = Role.Operator, Action = "price.set", Reason = "A new season.", Arguments = Struct.Parser.ParseJson(arguments),
        })).Approval;
        var first = await AskAsync("""{"sku": "CHAIR", "price": 18.5, "for": ["ann", "ben"], "note": "x"}""");
        Assert.DoesNotContain("compared", (await _agentctl.RunAsync("approval", "show", first.Id)).Output, StringComparison.Ordinal);
        await _agentctl.RunAsync("approval", "approve", first.Id, "--yes");

        var second = await AskAsync("""{"sku": "CHAIR", "price": 21, "for": ["eve", "ann", "ben"], "season": {"from": "May\u001b[2J"}}""");
        var shown = (await _agentctl.RunAsync("approval", "show", second.Id)).Output;
        Assert.All(new[] { first.Id, "~ price: 18.5 → 21", "+ for[0]: \"eve\"", "- note: \"x\"", "+ season: " }, t => Assert.Contains(t, shown, StringComparison.Ordinal));
        Assert.DoesNotContain("sku:", shown, StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', shown);
        Assert.Contains("the same arguments", (await _agentctl.RunAsync("approval", "show", (await AskAsync("""{"sku": "CHAIR", "price": 18.5, "for": ["ann", "ben"], "note": "x"}""")).Id)).Output,
            StringComparison.Ordinal);
    }

    [Fact]
    public void Lists_are_compared_by_what_is_between_their_common_ends()
    {
        IReadOnlyList<string> Diff(string before, string after) => ArgumentsDiff.Of(Struct.Parser.ParseJson(before), Struct.Parser.ParseJson(after));
        Assert.Equal(["- l[1]: 2"], Diff("""{"l": [1, 2, 3]}""", """{"l": [1, 3]}"""));
        Assert.Equal(["~ l[1].a: 2 → 5"], Diff("""{"l": [1, {"a": 2, "b": 3}, 3]}""", """{"l": [1, {"a": 5, "b": 3}, 3]}"""));
        Assert.Equal(["~ a: [ 1 ] → null"], Diff("""{"a": [1]}""", """{"a": null}"""));
        Assert.Equal(["+ \"a.b\": 1"], Diff("{}", """{"a.b": 1}"""));
        Assert.Empty(Diff("""{"l": [1, 1]}""", """{"l": [1, 1]}"""));
    }

    [Theory]
    [InlineData("approval list --status perhaps")]
    [InlineData("approval approve")]
    [InlineData("approval reject x --as agent")]
    public async Task Wrong_usage_is_code_2(string commandLine) =>
        Assert.Equal(ExitCode.WrongUsage, (await _agentctl.RunAsync(commandLine.Split(' '))).ExitCode);
}
