using AgentPlatform.Contracts.Costing.V1;
using Google.Protobuf.WellKnownTypes;
using static AgentPlatform.Tests.Costings.SpendCalls;
using Client = AgentPlatform.Contracts.Costing.V1.SpendService.SpendServiceClient;

namespace AgentPlatform.Tests.Costings;

/// <summary>Days and months go by, where the organisation is: the clock is this class's own.</summary>
public sealed class SpendPeriodTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public SpendPeriodTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["costing"] = new() { ["Costing:TimeZone"] = "Africa/Johannesburg" };
    }

    [Fact]
    public async Task A_budget_begins_anew_at_the_organisations_midnight_and_what_is_reserved_goes_with_it()
    {
        // The 15th of next month, an hour before midnight two hours ahead of UTC.
        var now = _platform.Clock.GetUtcNow();
        var evening = new DateTimeOffset(now.Year, now.Month, 15, 21, 0, 0, TimeSpan.Zero).AddMonths(1);
        _platform.Clock.Advance(evening - now);
        var day = await _platform.SetBudgetAsync("daily", 10, period: BudgetPeriod.Day);
        var month = await _platform.SetBudgetAsync("daily", 100);
        Assert.Equal((evening.AddHours(1), new DateTimeOffset(evening.Year, evening.Month, 1, 0, 0, 0, TimeSpan.Zero).AddMonths(1).AddHours(-2)),
            (day.RenewTime.ToDateTimeOffset(), month.RenewTime.ToDateTimeOffset()));
        var agent = await _platform.ClientAsync<Client>(Tests.Tokens.Agent("daily"));
        await agent.RecordAsync(Usd(6));
        var reservation = (await agent.ReserveSpendAsync(new ReserveSpendRequest { Amount = Usd(4), ExpiresIn = Duration.FromTimeSpan(TimeSpan.FromHours(12)) })).Reservation;
        await ExpectExceededAsync(() => agent.ReserveAsync(Usd(1)));

        _platform.Clock.Advance(TimeSpan.FromHours(1.5));
        Assert.Equal((Usd(0), Usd(4)), Of(await _platform.BudgetAsync(day.Id)));
        Assert.Equal((Usd(6), Usd(4)), Of(await _platform.BudgetAsync(month.Id)));
        await ExpectExceededAsync(() => agent.ReserveAsync(Usd(7)));
        await agent.ReserveAsync(Usd(6));
        await agent.SettleAsync(reservation, Usd(4));
        Assert.Equal((Usd(4), Usd(6)), Of(await _platform.BudgetAsync(day.Id)));
        Assert.Equal((Usd(10), Usd(6)), Of(await _platform.BudgetAsync(month.Id)));

        var spend = await agent.GetSpendAsync(new GetSpendRequest { GroupBy = { SpendBy.Day } });
        var today = DateOnly.FromDateTime(evening.UtcDateTime);
        Assert.Equal([($"{today:yyyy-MM-dd}", Usd(6)), ($"{today.AddDays(1):yyyy-MM-dd}", Usd(4))], spend.Rows.Select(r => (r.Date, r.Cost)));
    }

    private static (Contracts.Type.V1.Money Spent, Contracts.Type.V1.Money Reserved) Of(Budget budget) => (budget.Spent, budget.Reserved);
}
