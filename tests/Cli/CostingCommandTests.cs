using AgentPlatform.Cli.Costings;
using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Tests.Costings;
using static AgentPlatform.Tests.Costings.CostingCalls;
using static AgentPlatform.Tests.Costings.SpendCalls;
using CostingClient = AgentPlatform.Contracts.Costing.V1.CostingService.CostingServiceClient;
using PriceLists = AgentPlatform.Contracts.Costing.V1.PriceListService.PriceListServiceClient;
using Spending = AgentPlatform.Contracts.Costing.V1.SpendService.SpendServiceClient;

namespace AgentPlatform.Tests.Commands;

/// <summary><c>agentctl price …</c>, <c>costing …</c> and <c>budget …</c> as processes, through a gateway.</summary>
public sealed class CostingCommandTests(Platform platform) : IClassFixture<Platform>, IAsyncLifetime
{
    private readonly Agentctl _agentctl = new();

    public async ValueTask InitializeAsync()
    {
        var gateway = await platform.StartAsync("gateway");
        _agentctl.WriteRunNote(gateway: gateway.GrpcAddress);
        Tests.Tokens.Key.Save(_agentctl.PathOf("development-key.pem"));
    }

    public ValueTask DisposeAsync()
    {
        _agentctl.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_price_is_set_and_listed_with_its_history()
    {
        Assert.Contains("CLI-TENT is ZAR 1,250.50 a day", await RunAsync("price", "set", "CLI-TENT", "--price", "ZAR1250.50", "--description", "A tent", "--unit", "day", "--reason", "first", "--from", "2026-01-01", "--category", "tents"));
        await RunAsync("price", "set", "CLI-TENT", "--price", "ZAR 1300", "--description", "A tent", "--unit", "day", "--reason", "dearer", "--category", "tents");
        var listed = await RunAsync("price", "list", "--category", "tents");
        Assert.Contains("ZAR 1,300.00", listed, StringComparison.Ordinal);
        Assert.DoesNotContain("1,250.50", listed, StringComparison.Ordinal);
        Assert.Contains("1,250.50", await RunAsync("price", "list", "--date", "2026-01-01"), StringComparison.Ordinal);
        Assert.Equal(2, (await RunAsync("price", "history", "CLI-TENT", "--json")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("CLI-TENT has no price", await RunAsync("price", "withdraw", "CLI-TENT", "--reason", "sold out"), StringComparison.Ordinal);
        Assert.Contains("withdrawn", await RunAsync("price", "history", "CLI-TENT"), StringComparison.Ordinal);
        Assert.Contains("is no amount", (await _agentctl.RunAsync("price", "set", "X", "--price", "12.50", "--description", "x", "--unit", "x", "--reason", "x")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_workbook_of_the_vault_is_imported_compared_and_approved()
    {
        await File.WriteAllBytesAsync(Path.Combine(platform.VaultRoot, "prices.xlsx"), Workbook.Of(["SKU", "Description", "Unit", "Price (ZAR)"], ["CLI-CHAIR", "A chair", "day", 18.5], ["CLI-TABLE", "A table", "day", 60.0]));
        Assert.Contains("2 lines, 2 new, 0 changed", await RunAsync("price", "import", "prices.xlsx", "--reason", "new season"), StringComparison.Ordinal);
        var list = Assert.Single((await (await platform.ClientAsync<PriceLists>(Tests.Tokens.Auditor())).ListPriceListsAsync(new ListPriceListsRequest())).PriceLists, l => l.Source == "prices.xlsx");

        Assert.Contains(list.Id, await RunAsync("price", "lists"), StringComparison.Ordinal);
        Assert.Contains("ZAR 18.50", await RunAsync("price", "diff", list.Id), StringComparison.Ordinal);
        // Whoever runs the command is one person in all roles, and a proposer does not decide.
        Assert.Contains("PROPOSER_MAY_NOT_DECIDE", (await _agentctl.RunAsync("price", "approve", list.Id, "--yes")).Errors, StringComparison.Ordinal);

        var another = (await (await platform.ClientAsync<PriceLists>(Tests.Tokens.Operator("lister"))).ProposePriceListAsync(PriceListCalls.Request("CLI-LAMP"))).PriceList;
        Assert.Contains("is approved", await RunAsync("price", "approve", another.Id, "--yes"), StringComparison.Ordinal);
        Assert.Contains("CLI-LAMP", await RunAsync("price", "list"), StringComparison.Ordinal);
        Assert.DoesNotContain(another.Id, await RunAsync("price", "lists"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_of_the_vault_is_imported_and_what_it_changes_is_shown()
    {
        await platform.SetPriceAsync("CLI-OLD", Zar(10));
        await File.WriteAllTextAsync(Path.Combine(platform.VaultRoot, "prices.csv"), "SKU,Description,Unit,Price\nCLI-OLD,A CLI-OLD,day,12.5\nCLI-BENCH,A bench,day,7\n");
        Assert.Contains("currency", (await _agentctl.RunAsync("price", "import", "prices.csv", "--reason", "new season")).Errors, StringComparison.Ordinal);
        var shown = await RunAsync("price", "import", "prices.csv", "--reason", "new season", "--currency", "ZAR");
        Assert.Contains("2 lines, 1 new, 1 changed", shown, StringComparison.Ordinal);
        Assert.Matches("changed +CLI-OLD +ZAR 10.00 +ZAR 12.50", shown);
    }

    [Fact]
    public async Task A_costing_is_listed_shown_approved_on_what_was_shown_and_invoiced()
    {
        await platform.SetPriceAsync("CLI-SKU", Zar(10));
        var agent = await platform.ClientAsync<CostingClient>(Tests.Tokens.Agent("cli-agent"));
        var costing = await agent.ProposeAsync("BK-CLI", ("CLI-SKU", 1_500));

        Assert.Contains(costing.Id, await RunAsync("costing", "list", "--booking", "BK-CLI"), StringComparison.Ordinal);
        var shown = await RunAsync("costing", "show", costing.Id);
        Assert.All(new[] { "BK-CLI", "1.5 day × ZAR 10.00 = ZAR 15.00", "user:setter", costing.Digest }, t => Assert.Contains(t, shown, StringComparison.Ordinal));

        Assert.Contains("--yes", (await _agentctl.RunAsync("costing", "approve", costing.Id)).Errors, StringComparison.Ordinal);
        Assert.Contains("DIGEST_MISMATCH", (await _agentctl.RunAsync("costing", "approve", costing.Id, "--yes", "--digest", new string('0', 64))).Errors, StringComparison.Ordinal);
        Assert.Contains("NOT_APPROVED", (await _agentctl.RunAsync("costing", "invoice", costing.Id)).Errors, StringComparison.Ordinal);
        Assert.Contains("is approved", await RunAsync("costing", "approve", costing.Id, "--yes", "--digest", costing.Digest), StringComparison.Ordinal);
        Assert.Contains("ALREADY_DECIDED", (await _agentctl.RunAsync("costing", "reject", costing.Id, "--yes", "--reason", "late")).Errors, StringComparison.Ordinal);
        var invoiced = await RunAsync("costing", "invoice", costing.Id);
        Assert.Contains($"is invoiced as {(await agent.GetAsync(costing.Id)).InvoiceNumber}", invoiced, StringComparison.Ordinal);
        Assert.DoesNotContain(costing.Id, await RunAsync("costing", "list"), StringComparison.Ordinal);
        Assert.Contains(costing.Id, await RunAsync("costing", "list", "--status", "invoiced", "--json"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_budget_is_set_watched_and_removed()
    {
        Assert.Contains("cli-spender", await RunAsync("budget", "spender", "cli-spender", "--role", "crew", "--tag", "tenant-1", "--tag", "tenant-2"), StringComparison.Ordinal);
        Assert.Contains("tenant-1 tenant-2", await RunAsync("budget", "spenders"), StringComparison.Ordinal);
        Assert.Contains("role crew", await RunAsync("budget", "set", "--role", "crew", "--hard", "USD100", "--soft", "USD80.50", "--period", "day", "--reason", "a test"), StringComparison.Ordinal);
        var agent = await platform.ClientAsync<Spending>(Tests.Tokens.Agent("cli-spender"));
        await agent.RecordAsync(Usd(12, 500_000));

        var listed = await RunAsync("budget", "list", "--agent", "cli-spender");
        Assert.All(new[] { "USD 80.50", "USD 12.0005", "USD 87.9995" }, t => Assert.Contains(t, listed, StringComparison.Ordinal));
        Assert.Contains("USD 12.0005", await RunAsync("budget", "spend", "--by", "agent", "--by", "kind"), StringComparison.Ordinal);
        Assert.Contains("One of --agent", (await _agentctl.RunAsync("budget", "set", "--hard", "USD1", "--reason", "x")).Errors, StringComparison.Ordinal);

        var id = Assert.Single((await (await platform.ClientAsync<BudgetService.BudgetServiceClient>(Tests.Tokens.Agent("cli-spender"))).ListBudgetsAsync(new ListBudgetsRequest())).Budgets).Id;
        Assert.Contains("is removed", await RunAsync("budget", "remove", id, "--yes"), StringComparison.Ordinal);
        Assert.Contains("There are no such budgets", (await _agentctl.RunAsync("budget", "list", "--agent", "cli-spender")).Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ZAR1250.50", 1250, 500_000_000)]
    [InlineData("USD 0.0000025", 0, 2_500)]
    [InlineData("ZAR1,250", 1250, 0)]
    public void An_amount_is_read_exactly(string text, long units, int nanos) =>
        Assert.Equal((units, nanos), (MoneyOption.Read(text)!.Units, MoneyOption.Read(text)!.Nanos));

    [Theory]
    [InlineData("12.50")]
    [InlineData("zar1")]
    [InlineData("ZAR")]
    [InlineData("ZAR-1")]
    [InlineData("ZAR1.0000000001")]
    [InlineData("ZAR99999999999999")]
    public void What_is_no_amount_is_not_taken_for_one(string text) => Assert.Null(MoneyOption.Read(text));

    private async Task<string> RunAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await _agentctl.RunAsync(arguments);
        Assert.True(exitCode == 0, errors);
        return output;
    }
}
