using AgentPlatform.Contracts.Costing.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using static AgentPlatform.Tests.Costings.SpendCalls;
using Client = AgentPlatform.Contracts.Costing.V1.SpendService.SpendServiceClient;

namespace AgentPlatform.Tests.Costings;

public sealed class SpendTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task What_is_reserved_is_held_and_what_is_settled_is_spent()
    {
        var budget = await platform.SetBudgetAsync("holder", 10);
        var agent = await As("holder");

        var reservation = await agent.ReserveAsync(Usd(4));
        Assert.Equal((Usd(0), Usd(4), Usd(6)), Of(await platform.BudgetAsync(budget.Id)));
        var settled = await agent.SettleAsync(reservation, Usd(1, 2_500));

        Assert.Null(settled.Overrun);
        Assert.Equal((Usd(1, 2_500), Usd(0), Usd(8, 999_997_500)), Of(await platform.BudgetAsync(budget.Id)));
        Assert.Equal(["spend.reserve", "spend.settle"], (await platform.AuditOfAsync($"reservation/{reservation.Id}", atLeast: 2)).Select(e => e.Operation));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ALREADY_SETTLED", () => agent.SettleAsync(reservation, Usd(1)));
        await Refusal.ExpectAsync(StatusCode.NotFound, "RESERVATION_NOT_FOUND", async () => await (await As("thief")).SettleAsync(reservation, Usd(1)));
    }

    [Fact]
    public async Task Too_much_is_refused_with_what_is_left_and_when_it_begins_anew()
    {
        var budget = await platform.SetBudgetAsync("limited", 10, period: BudgetPeriod.Day);
        var agent = await As("limited");
        await agent.SettleAsync(await agent.ReserveAsync(Usd(3)), Usd(3));
        await agent.ReserveAsync(Usd(5));

        var refusal = await ExpectExceededAsync(() => agent.ReserveAsync(Usd(2, 1)));
        Assert.Equal((budget.Id, "agent_scope", "limited", "day", "USD 10.00", "USD 3.00", "USD 5.00", "USD 2.00"),
            (refusal.Facts["budget_id"], refusal.Facts["scope"], refusal.Facts["scope_name"], refusal.Facts["period"], refusal.Facts["hard_limit"], refusal.Facts["spent"],
                refusal.Facts["reserved"], refusal.Facts["left"]));
        Assert.Equal(budget.RenewTime, Timestamp.FromDateTimeOffset(DateTimeOffset.Parse(refusal.Facts["renew_time"], System.Globalization.CultureInfo.InvariantCulture)));
        await agent.ReserveAsync(Usd(2));
        Assert.Equal(Usd(0), (await platform.BudgetAsync(budget.Id)).Left);
    }

    [Fact]
    public async Task Every_budget_that_covers_an_agent_counts_and_none_does_when_one_refuses()
    {
        await platform.SetSpenderAsync("member-1", "crew", "tenant-1");
        await platform.SetSpenderAsync("member-2", "crew");
        var own = await platform.SetBudgetAsync("member-1", 100);
        var ofRole = await platform.SetBudgetAsync(BudgetOf(BudgetScope.RoleScope, "crew", 10));
        var ofTag = await platform.SetBudgetAsync(BudgetOf(BudgetScope.TagScope, "tenant-1", 50, period: BudgetPeriod.Day));
        var (one, two) = (await As("member-1"), await As("member-2"));

        await one.ReserveAsync(Usd(6));
        var refusal = await ExpectExceededAsync(() => two.ReserveAsync(Usd(5)));
        Assert.Equal(("role_scope", "crew"), (refusal.Facts["scope"], refusal.Facts["scope_name"]));
        await ExpectExceededAsync(() => one.ReserveAsync(Usd(5)));
        await two.ReserveAsync(Usd(4));

        Assert.Equal([Usd(6), Usd(10), Usd(6)], [await ReservedAsync(own), await ReservedAsync(ofRole), await ReservedAsync(ofTag)]);
        async Task<Contracts.Type.V1.Money> ReservedAsync(Budget budget) => (await platform.BudgetAsync(budget.Id)).Reserved;
    }

    [Fact]
    public async Task Past_the_soft_limit_answers_warn_and_the_audit_log_says_once_that_it_was_reached()
    {
        var budget = await platform.SetBudgetAsync("warned", 10, soft: 5);
        var agent = await As("warned");
        Assert.Empty((await agent.RecordAsync(Usd(4, 999_999_999))).SoftLimitBudgetIds);
        Assert.Equal([budget.Id], (await agent.ReserveSpendAsync(new ReserveSpendRequest { Amount = Usd(0, 1) })).SoftLimitBudgetIds);
        Assert.Equal([budget.Id], (await agent.RecordAsync(Usd(1))).SoftLimitBudgetIds);
        Assert.Equal([budget.Id], (await agent.SettleAsync(await agent.ReserveAsync(Usd(1)), Usd(1))).SoftLimitBudgetIds);
        await agent.RecordAsync(Usd(1));
        await platform.AuditOfAsync("usage/", atLeast: 3);
        Assert.Single(await platform.AuditOfAsync($"budget/{budget.Id}", atLeast: 2), e => e.Operation == "budget.reach_soft_limit");
    }

    [Fact]
    public async Task A_reservation_that_is_not_settled_in_time_lapses_and_what_was_spent_on_it_still_counts()
    {
        var budget = await platform.SetBudgetAsync("late", 10);
        var agent = await As("late");
        var reservation = (await agent.ReserveSpendAsync(new ReserveSpendRequest { Amount = Usd(10), ExpiresIn = Duration.FromTimeSpan(TimeSpan.FromSeconds(1)) })).Reservation;
        await ExpectExceededAsync(() => agent.ReserveAsync(Usd(1)));
        await Eventually.TrueAsync(async () => (await platform.BudgetAsync(budget.Id)).Reserved.Equals(Usd(0)), "the reservation has lapsed");
        Assert.Contains((await platform.AuditOfAsync($"reservation/{reservation.Id}", atLeast: 2)), e => e is { Operation: "spend.lapse", Principal: "service/costing" });
        var next = await agent.ReserveAsync(Usd(8));

        Assert.Equal(Usd(3), (await agent.SettleAsync(reservation, Usd(3))).Overrun);
        Assert.Equal((Usd(3), Usd(8), Usd(-1)), Of(await platform.BudgetAsync(budget.Id)));
        await ExpectExceededAsync(() => agent.ReserveAsync(Usd(0, 1)));
        await agent.SettleAsync(next, Usd(0));
        Assert.Equal((Usd(3), Usd(0), Usd(7)), Of(await platform.BudgetAsync(budget.Id)));
    }

    [Fact]
    public async Task What_cost_more_than_was_reserved_is_counted_whole_and_said()
    {
        var budget = await platform.SetBudgetAsync("overdrawn", 10);
        var agent = await As("overdrawn");
        var reservation = await agent.ReserveAsync(Usd(9));
        Assert.Equal(Usd(3), (await agent.SettleAsync(reservation, Usd(12))).Overrun);
        Assert.Equal((Usd(12), Usd(0), Usd(-2)), Of(await platform.BudgetAsync(budget.Id)));
        Assert.Equal("USD 3.00", (await platform.AuditOfAsync($"reservation/{reservation.Id}", atLeast: 2))[1].Metadata.Fields["overrun"].StringValue);
        await agent.RecordAsync(Usd(1));
        Assert.Equal(Usd(13), (await platform.BudgetAsync(budget.Id)).Spent);
    }

    [Fact]
    public async Task A_budget_set_after_a_reservation_counts_what_is_settled_and_frees_nothing_that_it_never_held()
    {
        var agent = await As("surprised");
        var reservation = await agent.ReserveAsync(Usd(5));
        var budget = await platform.SetBudgetAsync("surprised", 10);
        var own = await agent.ReserveAsync(Usd(2));
        await agent.SettleAsync(reservation, Usd(4));
        Assert.Equal((Usd(4), Usd(2), Usd(4)), Of(await platform.BudgetAsync(budget.Id)));
        await platform.SetSpenderAsync("surprised", "elsewhere");
        await agent.SettleAsync(own, Usd(2));
        Assert.Equal((Usd(6), Usd(0), Usd(4)), Of(await platform.BudgetAsync(budget.Id)));
    }

    [Fact]
    public async Task Another_currency_than_the_budgets_is_no_way_around_them()
    {
        await platform.SetBudgetAsync("changer", 10);
        var agent = await As("changer");
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "BUDGET_CURRENCY", () => agent.ReserveAsync(CostingCalls.Zar(1)));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "BUDGET_CURRENCY", () => agent.RecordAsync(CostingCalls.Zar(1)));
        var reservation = await agent.ReserveAsync(Usd(1));
        await Refusal.ExpectFieldsAsync(() => agent.SettleAsync(reservation, CostingCalls.Zar(1)), "usage.cost.currency_code");
        await agent.SettleAsync(reservation, Usd(1));
    }

    [Fact]
    public async Task A_repeat_with_the_same_key_counts_once()
    {
        var budget = await platform.SetBudgetAsync("repeater", 10);
        var agent = await As("repeater");
        var asking = new ReserveSpendRequest { Amount = Usd(6) };
        var first = await agent.ReserveSpendAsync(asking, CostingCalls.Key("reserve-once"));
        Assert.Equal(first, await agent.ReserveSpendAsync(asking, CostingCalls.Key("reserve-once")));
        Assert.Equal(Usd(6), (await platform.BudgetAsync(budget.Id)).Reserved);
        var settling = new SettleSpendRequest { ReservationId = first.Reservation.Id, Usage = Tokens(Usd(6)) };
        Assert.Equal(await agent.SettleSpendAsync(settling, CostingCalls.Key("settle-once")), await agent.SettleSpendAsync(settling, CostingCalls.Key("settle-once")));
        Assert.Equal(Usd(6), (await platform.BudgetAsync(budget.Id)).Spent);
    }

    [Fact]
    public async Task Without_a_budget_everything_is_allowed_and_counted()
    {
        var agent = await As("free");
        await agent.SettleAsync(await agent.ReserveAsync(Usd(1_000_000)), Usd(1_000_000));
        Assert.Equal(Usd(1_000_000), Assert.Single((await agent.GetSpendAsync(new GetSpendRequest())).Rows).Cost);
    }

    [Fact]
    public async Task A_wrong_field_is_named()
    {
        var agent = await As("wrong");
        await Refusal.ExpectFieldsAsync(async () => await agent.ReserveSpendAsync(new ReserveSpendRequest()), "amount");
        await Refusal.ExpectFieldsAsync(async () => await agent.ReserveSpendAsync(
            new ReserveSpendRequest { Amount = Usd(0), SessionId = "x", ExpiresIn = Duration.FromTimeSpan(TimeSpan.FromHours(25)) }), "amount", "session_id", "expires_in");
        await Refusal.ExpectFieldsAsync(() => agent.ReserveAsync(Usd(1_000_000, 1)), "amount");
        await Refusal.ExpectFieldsAsync(() => agent.ReserveAsync(Usd(-1)), "amount");
        await Refusal.ExpectFieldsAsync(async () => await agent.SettleSpendAsync(new SettleSpendRequest()), "reservation_id", "usage");
        await Refusal.ExpectFieldsAsync(async () => await agent.RecordUsageAsync(new RecordUsageRequest { Usage = new Usage { QuantityMilli = -1, Resource = new string('x', 129) } }),
            "usage.kind", "usage.quantity_milli", "usage.resource", "usage.cost");
    }

    private Task<Client> As(string agent) => platform.ClientAsync<Client>(Tests.Tokens.Agent(agent));

    private static (Contracts.Type.V1.Money Spent, Contracts.Type.V1.Money Reserved, Contracts.Type.V1.Money Left) Of(Budget budget) => (budget.Spent, budget.Reserved, budget.Left);
}
