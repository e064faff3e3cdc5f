using System.Globalization;
using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Type.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Costings;

/// <summary>What may be reserved and counted, and why it may not. No I/O.</summary>
public static class SpendRules
{
    public const long MaximumUnits = 1_000_000;
    public const long MaximumQuantityMilli = 1_000_000_000_000_000;
    public const int ResourceMaximumCharacters = 128;
    public const int MaximumDays = 366;

    private const long NanosPerUnit = 1_000_000_000;
    private static readonly TimeSpan ExpiresInUnlessGiven = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan LongestExpiresIn = TimeSpan.FromHours(24);

    public static Amount Read(ReserveSpendRequest request, out Guid? sessionId, out TimeSpan expiresIn)
    {
        var given = request.ExpiresIn ?? Duration.FromTimeSpan(ExpiresInUnlessGiven);
        var inRange = given.Seconds >= 1 && given.Nanos is >= 0 and < 1_000_000_000 && given.Seconds <= (long)LongestExpiresIn.TotalSeconds;
        new FieldChecks()
            .Cost("amount", request.Amount, out var amount)
            .Require(request.Amount is not { Units: 0, Nanos: 0 }, "amount", "must be more than zero")
            .OptionalId("session_id", request.SessionId, out sessionId)
            .Require(inRange, "expires_in", "must be 1 second to 24 hours")
            .ThrowIfAny();
        expiresIn = given.ToTimeSpan();
        return amount;
    }

    public static Amount Read(SettleSpendRequest request, out Guid reservationId)
    {
        new FieldChecks().Id("reservation_id", request.ReservationId, out reservationId).Usage(request.Usage, out var cost).ThrowIfAny();
        return cost;
    }

    public static Amount Read(RecordUsageRequest request, out Guid? sessionId)
    {
        new FieldChecks().Usage(request.Usage, out var cost).OptionalId("session_id", request.SessionId, out sessionId).ThrowIfAny();
        return cost;
    }

    public static SpendFilter Read(GetSpendRequest request, Caller caller, DateOnly today)
    {
        var checks = new FieldChecks()
            .OptionalName("agent_id", request.AgentId)
            .OptionalId("session_id", request.SessionId, out var sessionId)
            .OptionalDay("start_date", request.StartDate, out var start)
            .OptionalDay("end_date", request.EndDate, out var end)
            .Require(request.GroupBy.All(by => by != SpendBy.Unspecified && System.Enum.IsDefined(by)), "group_by", "has an unknown value");
        var last = end ?? today;
        var first = start ?? OrganisationCalendar.FirstOfMonth(today);
        checks
            .Require(last >= first, "end_date", "is before the first day")
            .Require(last.DayNumber - first.DayNumber < MaximumDays, "end_date", $"is {MaximumDays} days or more after the first day")
            .ThrowIfAny();
        return new SpendFilter(first, last, caller.NarrowTo(request.AgentId), sessionId, request.GroupBy.ToHashSet());
    }

    /// <summary>What was spent beyond what was set aside.</summary>
    public static Amount Overrun(Amount cost, Amount setAside) => cost with { Nanos = Int128.Max(0, cost.Nanos - setAside.Nanos) };

    /// <summary>Why money was not set aside, or usage not counted, from the budgets as they stood then.</summary>
    public static PlatformException WhyRefused(IReadOnlyList<BudgetRecord> budgets, Amount amount, OrganisationCalendar calendar)
    {
        if (budgets.FirstOrDefault(b => b.Currency != amount.Currency) is { } other)
            return BudgetRules.OtherCurrency(other);
        if (budgets.Where(b => b.Left.Nanos < amount.Nanos).MinBy(b => b.Left.Nanos) is { } exceeded)
            return Exceeded(exceeded, calendar);
        // A budget was raised, or an agent moved out of it, in just this moment.
        return Errors.ConcurrentUpdate("A budget");
    }

    /// <summary>Why a reservation is not settled, from how it stands.</summary>
    public static PlatformException WhyNotSettled(Guid id, Tuple<string, string>? found, Amount cost) => found switch
    {
        null => Errors.NotFound("RESERVATION_NOT_FOUND", $"There is no reservation {id} of yours."),
        ("settled", _) => Errors.FailedPrecondition("ALREADY_SETTLED", $"Reservation {id} was settled before."),
        (_, var currency) when currency != cost.Currency => Errors.InvalidArgument("usage.cost.currency_code", $"is not {currency}, of which the reservation is"),
        _ => Errors.ConcurrentUpdate($"Reservation {id}"),
    };

    private static PlatformException Exceeded(BudgetRecord budget, OrganisationCalendar calendar)
    {
        var renewsAt = budget.RenewsAt(calendar).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
        return new PlatformException(StatusCode.ResourceExhausted, "BUDGET_EXCEEDED",
            $"The budget of the {EnumText.Of(budget.Period)} of {BudgetRules.NameOf(budget)} has {budget.Left.ToExactText()} left; it begins anew at {renewsAt}.")
        {
            Facts = new Dictionary<string, string>
            {
                ["budget_id"] = budget.Id.ToString(),
                ["scope"] = EnumText.Of(budget.Scope),
                ["scope_name"] = budget.ScopeName,
                ["period"] = EnumText.Of(budget.Period),
                ["hard_limit"] = budget.HardLimit.ToExactText(),
                ["spent"] = budget.Spent.ToExactText(),
                ["reserved"] = budget.Reserved.ToExactText(),
                ["left"] = budget.Left.ToExactText(),
                ["renew_time"] = renewsAt,
            },
        };
    }

    private static FieldChecks Usage(this FieldChecks checks, Usage? usage, out Amount cost)
    {
        cost = default;
        return usage is null ? checks.Require(false, "usage", "is required") : checks
            .Known("usage.kind", usage.Kind)
            .Require(usage.QuantityMilli is >= 0 and <= MaximumQuantityMilli, "usage.quantity_milli", $"must be 0–{MaximumQuantityMilli:N0}")
            .Text("usage.resource", usage.Resource, ResourceMaximumCharacters)
            .Cost("usage.cost", usage.Cost, out cost);
    }

    private static FieldChecks Cost(this FieldChecks checks, string field, Money? money, out Amount cost)
    {
        checks.NotNegative(field, money, out cost);
        return checks.Require(cost.Nanos <= (Int128)MaximumUnits * NanosPerUnit, field, $"is more than {MaximumUnits:N0}");
    }
}
