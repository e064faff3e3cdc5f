using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;
using static AgentPlatform.Tests.Costings.SpendCalls;
using Client = AgentPlatform.Contracts.Costing.V1.BudgetService.BudgetServiceClient;
using Spending = AgentPlatform.Contracts.Costing.V1.SpendService.SpendServiceClient;

namespace AgentPlatform.Tests.Costings;

public sealed class BudgetTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_budget_is_set_changed_listed_and_removed_on_record()
    {
        var sam = await As(Tests.Tokens.Superuser());
        var set = await platform.SetBudgetAsync("changed", hard: 10, soft: 8, period: BudgetPeriod.Day);
        Assert.Equal((1, Usd(10), Usd(8), Usd(0), Usd(0), Usd(10), "user:sam"), (set.Revision, set.HardLimit, set.SoftLimit, set.Spent, set.Reserved, set.Left, set.SetBy));
        Assert.InRange(set.RenewTime.ToDateTimeOffset() - platform.Clock.GetUtcNow(), TimeSpan.Zero, TimeSpan.FromDays(1));

        var changed = await platform.SetBudgetAsync("changed", hard: 20, period: BudgetPeriod.Day);
        Assert.Equal((set.Id, 2, Usd(20), Usd(20)), (changed.Id, changed.Revision, changed.HardLimit, changed.SoftLimit));
        Assert.Equal(changed, await platform.BudgetAsync(set.Id));

        await sam.RemoveBudgetAsync(new RemoveBudgetRequest { Id = set.Id });
        await Refusal.ExpectAsync(StatusCode.NotFound, "BUDGET_NOT_FOUND", async () => await sam.RemoveBudgetAsync(new RemoveBudgetRequest { Id = set.Id }));
        var entries = await platform.AuditOfAsync($"budget/{set.Id}", atLeast: 3);
        Assert.Equal([("budget.set", "user:sam"), ("budget.set", "user:sam"), ("budget.remove", "user:sam")], entries.Select(e => (e.Operation, e.AuthorizedBy)));
        Assert.Equal(("USD 10.00", "USD 20.00"), (entries[1].Metadata.Fields["former_hard_limit"].StringValue, entries[1].Metadata.Fields["hard_limit"].StringValue));
    }

    [Fact]
    public async Task A_new_budget_begins_with_what_its_scope_has_spent_in_the_period()
    {
        await platform.SetSpenderAsync("early-1", "early-role", "early-tag", "other-tag");
        await platform.SetSpenderAsync("early-2", "early-role");
        foreach (var agent in new[] { "early-1", "early-2", "early-3" })
            await (await platform.ClientAsync<Spending>(Tests.Tokens.Agent(agent))).RecordAsync(Usd(3));

        Assert.Equal(Usd(3), (await platform.SetBudgetAsync("early-3", 10)).Spent);
        Assert.Equal(Usd(6), (await platform.SetBudgetAsync(BudgetOf(BudgetScope.RoleScope, "early-role", 10, period: BudgetPeriod.Day))).Spent);
        Assert.Equal(Usd(3), (await platform.SetBudgetAsync(BudgetOf(BudgetScope.TagScope, "early-tag", 10))).Spent);
        Assert.Equal(Usd(0), (await platform.SetBudgetAsync(BudgetOf(BudgetScope.TagScope, "no-tag", 10))).Spent);
    }

    [Fact]
    public async Task An_agent_sees_the_budgets_that_cover_it_and_no_other()
    {
        await platform.SetSpenderAsync("covered", "seen-role", "seen-tag");
        string[] covering =
        [
            (await platform.SetBudgetAsync("covered", 10)).Id, (await platform.SetBudgetAsync("covered", 1, period: BudgetPeriod.Day)).Id,
            (await platform.SetBudgetAsync(BudgetOf(BudgetScope.RoleScope, "seen-role", 10))).Id, (await platform.SetBudgetAsync(BudgetOf(BudgetScope.TagScope, "seen-tag", 10))).Id,
        ];
        await platform.SetBudgetAsync("stranger", 10);
        await platform.SetBudgetAsync(BudgetOf(BudgetScope.RoleScope, "seen-tag", 10));
        var agent = await As(Tests.Tokens.Agent("covered"));

        Assert.Equal(covering, await IdsAsync(agent, new ListBudgetsRequest()));
        Assert.Equal(covering, await IdsAsync(await As(Tests.Tokens.Operator()), new ListBudgetsRequest { AgentId = "covered", PageSize = 1 }));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await agent.ListBudgetsAsync(new ListBudgetsRequest { AgentId = "stranger" }));
    }

    [Fact]
    public async Task Spenders_are_listed_as_they_were_set_last()
    {
        await platform.SetSpenderAsync("spender-b", "one", "x");
        await platform.SetSpenderAsync("spender-a", "", "x", "y");
        await platform.SetSpenderAsync("spender-b", "two");
        var listed = (await (await As(Tests.Tokens.Operator())).ListSpendersAsync(new ListSpendersRequest { PageSize = 500 })).Spenders;
        Assert.Equal([("spender-a", "", "x y"), ("spender-b", "two", "")],
            listed.Where(s => s.AgentId.StartsWith("spender-", StringComparison.Ordinal)).Select(s => (s.AgentId, s.Role, string.Join(' ', s.Tags))));
    }

    [Fact]
    public async Task A_wrong_field_is_named()
    {
        var sam = await As(Tests.Tokens.Superuser());
        await Refusal.ExpectFieldsAsync(async () => await sam.SetBudgetAsync(new SetBudgetRequest()), "scope", "scope_name", "period", "hard_limit", "reason");
        await Refusal.ExpectFieldsAsync(() => SetAsync(BudgetOf(BudgetScope.AllScope, "name", 1)), "scope_name");
        await Refusal.ExpectFieldsAsync(() => SetAsync(BudgetOf(BudgetScope.AgentScope, "wrong", 1, soft: 2)), "soft_limit");
        await Refusal.ExpectFieldsAsync(() => SetAsync(BudgetOf(BudgetScope.AgentScope, "wrong", -1)), "hard_limit");
        await Refusal.ExpectFieldsAsync(() => SetAsync(new(BudgetOf(BudgetScope.AgentScope, "wrong", 1)) { SoftLimit = CostingCalls.Zar(1) }), "soft_limit.currency_code");
        await Refusal.ExpectFieldsAsync(async () => await sam.SetSpenderAsync(new SetSpenderRequest { AgentId = "A", Role = "R R", Tags = { "ok", "NO", "ok" } }), "agent_id", "role", "tags", "tags[1]");
        await platform.SetBudgetAsync("currency", 1);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "BUDGET_CURRENCY", () => SetAsync(new(BudgetOf(BudgetScope.AgentScope, "currency", 1)) { HardLimit = CostingCalls.Zar(1) }));

        async Task SetAsync(SetBudgetRequest request) => await sam.SetBudgetAsync(request);
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);

    private static async Task<List<string>> IdsAsync(Client client, ListBudgetsRequest request)
    {
        var ids = new List<string>();
        do
        {
            var page = await client.ListBudgetsAsync(request);
            ids.AddRange(page.Budgets.Select(b => b.Id));
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return ids;
    }
}
