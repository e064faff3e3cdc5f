using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;
using Access = AgentPlatform.Contracts.Vault.V1.VaultAccessService.VaultAccessServiceClient;
using Files = AgentPlatform.Contracts.Vault.V1.VaultService.VaultServiceClient;

namespace AgentPlatform.Tests.Vaults;

/// <summary>Who may list and read what.</summary>
public sealed class VaultRuleTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public VaultRuleTests(Platform platform)
    {
        _platform = platform;
        foreach (var path in new[] { "prices/a.csv", "prices/internal/b.csv", "salaries/c.csv", "d.csv" })
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(platform.VaultRoot, path))!);
            File.WriteAllText(Path.Combine(platform.VaultRoot, path), "1,2\n");
        }
    }

    [Fact]
    public async Task An_agent_without_a_rule_reads_and_lists_nothing_and_cannot_tell_what_is_there()
    {
        var agent = await _platform.ClientAsync<Files>(Tokens.Agent("nobody"));
        Assert.Empty((await agent.ListFilesAsync(new ListFilesRequest())).Files);
        foreach (var path in new[] { "d.csv", "missing.csv", "prices/a.csv", "nowhere/a.csv", "PRICES/A.CSV", "d.pdf" })
        {
            var reading = await ExpectDeniedAsync(agent, path);
            Assert.Equal($"No rule of the vault lets you read {path}, whether it is there or not.", reading.Message);
            await Refusal.ExpectAsync(StatusCode.PermissionDenied, "PATH_NOT_ALLOWED", async () => await agent.GetFileAsync(new GetFileRequest { Path = path }));
        }

        // Which the other tests leave alone.
        var entries = await _platform.AuditOfAsync("vault/nowhere/a.csv", atLeast: 2);
        Assert.Equal([("vault.read", Outcome.Denied), ("vault.describe", Outcome.Denied)], entries.Select(e => (e.Operation, e.Outcome)));
        Assert.All(entries, e => Assert.Equal("PATH_NOT_ALLOWED", e.Metadata.Fields["reason"].StringValue));
    }

    [Fact]
    public async Task Rules_of_the_agent_and_of_all_agents_count_together_and_a_denial_before_what_allows()
    {
        await _platform.AllowAsync("clerk", "prices/**");
        var ofAll = await _platform.AllowAgentsAsync("d.*");
        await _platform.SetRuleAsync(Deny("clerk", default, "**/internal/*", FileAction.Read));
        var clerk = await _platform.ClientAsync<Files>(Tokens.Agent("clerk"));
        var other = await _platform.ClientAsync<Files>(Tokens.Agent("other"));

        Assert.Equal(["d.csv", "prices/a.csv", "prices/internal/b.csv"], await ListAsync(clerk));
        Assert.Equal(["d.csv"], await ListAsync(other));
        await clerk.ReadAsync("prices/a.csv");
        await clerk.ReadAsync("d.csv");
        await ExpectDeniedAsync(clerk, "prices/internal/b.csv");
        // What allows is exact; what denies is so in any case of letters.
        await ExpectDeniedAsync(clerk, "Prices/a.csv");
        await ExpectDeniedAsync(clerk, "prices/INTERNAL/b.csv");
        await ExpectDeniedAsync(clerk, "salaries/c.csv");
        await ExpectDeniedAsync(other, "prices/a.csv");
        // What is for all is for the other tests as well.
        await _platform.RemoveAsync(ofAll);
    }

    [Fact]
    public async Task What_a_rule_lets_or_keeps_from_is_the_same_however_the_disk_writes_an_accent()
    {
        const string Decomposed = "me\u0301nu/de\u0301j.csv";
        Directory.CreateDirectory(Path.Combine(_platform.VaultRoot, "me\u0301nu"));
        await File.WriteAllTextAsync(Path.Combine(_platform.VaultRoot, Decomposed), "1,2\n");
        var waiter = await _platform.ClientAsync<Files>(Tokens.Agent("waiter"));
        await _platform.AllowAsync("waiter", "ménu/*");
        Assert.Equal([Decomposed], await ListAsync(waiter));
        await waiter.ReadAsync(Decomposed);
        // It is opened by the name that it has, which is the one that the list tells.
        await Refusal.ExpectAsync(StatusCode.NotFound, "FILE_NOT_FOUND", () => waiter.ReadAsync("ménu/déj.csv"));
        await _platform.SetRuleAsync(Deny("waiter", default, "MÉNU/dÉj.*", FileAction.Read));
        await ExpectDeniedAsync(waiter, Decomposed);
        File.Delete(Path.Combine(_platform.VaultRoot, Decomposed));
    }

    [Fact]
    public async Task Reading_and_listing_are_allowed_each_for_itself_and_until_the_rule_is_gone()
    {
        var listing = await _platform.SetRuleAsync(new SetRuleRequest { AgentId = "lister", Pattern = "**", Effect = RuleEffect.Allow, Actions = { FileAction.List } });
        var lister = await _platform.ClientAsync<Files>(Tokens.Agent("lister"));
        Assert.Equal(4, (await ListAsync(lister)).Count);
        await ExpectDeniedAsync(lister, "salaries/c.csv");

        var reading = await _platform.SetRuleAsync(new SetRuleRequest { AgentId = "lister", Pattern = "salaries/c.csv", Effect = RuleEffect.Allow, Actions = { FileAction.Read } });
        await lister.ReadAsync("salaries/c.csv");
        await _platform.RemoveAsync(reading);
        await ExpectDeniedAsync(lister, "salaries/c.csv");
        await _platform.RemoveAsync(listing);
        Assert.DoesNotContain("salaries/c.csv", await ListAsync(lister));
    }

    [Fact]
    public async Task People_may_do_what_no_rule_denies_their_role_and_superusers_everything()
    {
        await _platform.SetRuleAsync(Deny("", Role.Operator, "salaries/**", FileAction.Read, FileAction.List));
        var client = await _platform.ClientAsync<Files>(Tokens.Operator());
        Assert.DoesNotContain("salaries/c.csv", await ListAsync(client));
        await ExpectDeniedAsync(client, "salaries/c.csv");
        await ExpectDeniedAsync(client, "Salaries/C.csv");
        await client.ReadAsync("prices/a.csv");
        foreach (var token in new[] { Tokens.Auditor(), Tokens.Superuser(), Tokens.Key.Mint("user:both", ["operator", "auditor"], null, TimeSpan.FromHours(1), TimeProvider.System) })
            Assert.Equal(4, (await (await _platform.ClientAsync<Files>(token)).ReadAsync("salaries/c.csv")).SizeBytes);
    }

    [Fact]
    public async Task Setting_a_rule_again_changes_it_and_a_version_that_is_not_the_present_one_is_refused()
    {
        var superuser = await _platform.ClientAsync<Access>(Tokens.Superuser("boss"));
        var request = new SetRuleRequest { AgentId = "versioned", Pattern = "v/*", Effect = RuleEffect.Allow, Actions = { FileAction.List, FileAction.Read }, Reason = "first", Version = 0 };
        var first = (await superuser.SetRuleAsync(request)).Rule;
        Assert.Equal((1L, "user:boss", "first"), (first.Version, first.SetBy, first.Reason));
        Assert.Equal([FileAction.Read, FileAction.List], first.Actions);
        await Refusal.ExpectAsync(StatusCode.Aborted, "CONCURRENT_UPDATE", async () => await superuser.SetRuleAsync(request));

        request.Actions.Remove(FileAction.Read);
        request.Version = 1;
        var second = (await superuser.SetRuleAsync(request)).Rule;
        Assert.Equal((first.Id, 2L), (second.Id, second.Version));
        request.ClearVersion();
        request.Effect = RuleEffect.Deny;
        Assert.NotEqual(first.Id, (await superuser.SetRuleAsync(request)).Rule.Id);

        var entries = await _platform.AuditOfAsync($"vault-rule/{first.Id}", atLeast: 2);
        Assert.Equal(["read list", "list"], entries.Select(e => e.Metadata.Fields["actions"].StringValue));
        Assert.All(entries, e => Assert.Equal(("vault.rule.set", "user:boss"), (e.Operation, e.AuthorizedBy)));
        await Refusal.ExpectAsync(StatusCode.NotFound, "RULE_NOT_FOUND", async () => await superuser.RemoveRuleAsync(new RemoveRuleRequest { Id = Guid.NewGuid().ToString() }));
        await Refusal.ExpectAsync(StatusCode.NotFound, "LABEL_NOT_FOUND", async () => await superuser.RemoveLabelAsync(new RemoveLabelRequest { Id = Guid.NewGuid().ToString() }));
    }

    [Fact]
    public async Task Of_twenty_who_set_the_same_new_rule_one_makes_it()
    {
        var superuser = await _platform.ClientAsync<Access>(Tokens.Superuser());
        var tries = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            var request = new SetRuleRequest { AgentId = "raced", Pattern = "r/*", Effect = RuleEffect.Allow, Actions = { FileAction.Read }, Reason = "mine", Version = 0 };
            try { return (await superuser.SetRuleAsync(request)).Rule.Version; }
            catch (RpcException e) when (e.StatusCode is StatusCode.Aborted) { return 0; }
        }));
        Assert.Equal([1L], tries.Where(v => v > 0));
    }

    [Fact]
    public async Task An_agent_sees_the_rules_that_count_for_it_and_pages_go_through_all()
    {
        await _platform.AllowAsync("seen", "s1/*");
        await _platform.AllowAsync("seen", "s2/*");
        await _platform.AllowAgentsAsync("s3/*");
        await _platform.AllowAsync("unseen", "s4/*");
        var agent = await _platform.ClientAsync<Access>(Tokens.Agent("seen"));
        var patterns = new List<string>();
        var request = new ListRulesRequest { PageSize = 1 };
        do
        {
            var page = await agent.ListRulesAsync(request);
            patterns.AddRange(page.Rules.Select(r => r.Pattern).Where(p => p.StartsWith('s')));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        Assert.Equal(["s1/*", "s2/*", "s3/*"], patterns);
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await agent.ListRulesAsync(new ListRulesRequest { AgentId = "unseen" }));
    }

    [Fact]
    public async Task A_rule_or_label_that_makes_no_sense_is_refused_naming_what()
    {
        var superuser = await _platform.ClientAsync<Access>(Tokens.Superuser());
        await Refusal.ExpectFieldsAsync(async () => await superuser.SetRuleAsync(new SetRuleRequest()), "effect", "actions", "agent_id", "pattern", "reason");
        await Refusal.ExpectFieldsAsync(async () => await superuser.SetRuleAsync(new SetRuleRequest
        {
            AgentId = "Loud!",
            Role = Role.Service,
            Pattern = "../x",
            Effect = RuleEffect.Allow,
            Actions = { FileAction.Read, FileAction.Read, (FileAction)9 },
            Reason = new string(' ', 5) + new string('x', 1_000),
            Version = -1,
        }), "agent_id", "agent_id", "role", "effect", "pattern", "actions", "actions", "reason", "version");
        await Refusal.ExpectFieldsAsync(async () => await superuser.SetRuleAsync(
            new SetRuleRequest { Role = Role.Operator, Pattern = "**", Effect = RuleEffect.Allow, Actions = { FileAction.Read }, Reason = "all" }), "effect");
        await Refusal.ExpectFieldsAsync(async () => await superuser.SetLabelAsync(
            new SetLabelRequest { Name = "Top Secret", Pattern = "/", ApproverRole = Role.Auditor, Reason = " " }), "name", "pattern", "approver_role", "reason");
    }

    [Fact]
    public async Task There_is_an_end_to_the_rules_of_one_agent()
    {
        await _platform.SqlAsync<int>("""
            INSERT INTO vault.rules (id, agent_id, role, pattern, effect, actions, reason, set_by, set_at, version)
            SELECT gen_random_uuid(), 'hoarder', '', 'h/' || i, 'allow', ARRAY['read'], 'x', 'x', now(), 1 FROM generate_series(1, 500) AS i
            """);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "TOO_MANY_RULES", () => _platform.AllowAsync("hoarder", "one/more"));
        await _platform.AllowAsync("hoarder", "h/1");
    }

    private static SetRuleRequest Deny(string agentId, Role role, string pattern, params FileAction[] actions) =>
        new() { AgentId = agentId, Role = role, Pattern = pattern, Effect = RuleEffect.Deny, Actions = { actions } };

    private static async Task<List<string>> ListAsync(Files client) => [.. (await client.ListFilesAsync(new ListFilesRequest())).Files.Select(f => f.Path)];

    private static Task<Refusal> ExpectDeniedAsync(Files client, string path) =>
        Refusal.ExpectAsync(StatusCode.PermissionDenied, "PATH_NOT_ALLOWED", () => client.ReadAsync(path));
}
