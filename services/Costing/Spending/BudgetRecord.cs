using AgentPlatform.Contracts.Costing.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Costings;

/// <summary>A row of <c>costing.budgets</c>, as it stands in the period that runs.</summary>
public sealed record BudgetRecord(
    Guid Id, BudgetScope Scope, string ScopeName, BudgetPeriod Period, Amount SoftLimit, Amount HardLimit, Amount Spent, Amount Reserved, DateOnly PeriodStartsOn,
    long Revision, string SetBy, string Reason)
{
    public string Currency => HardLimit.Currency;

    /// <summary>What is gone, or may be soon.</summary>
    public Amount Used => Spent with { Nanos = Spent.Nanos + Reserved.Nanos };

    /// <summary>What can still be reserved; negative when more was spent than was reserved.</summary>
    public Amount Left => HardLimit with { Nanos = HardLimit.Nanos - Used.Nanos };

    public Budget ToProto(OrganisationCalendar calendar) => new()
    {
        Id = Id.ToString(),
        Scope = Scope,
        ScopeName = ScopeName,
        Period = Period,
        SoftLimit = SoftLimit.ToMoney(),
        HardLimit = HardLimit.ToMoney(),
        Spent = Spent.ToMoney(),
        Reserved = Reserved.ToMoney(),
        Left = Left.ToMoney(),
        RenewTime = RenewsAt(calendar).ToTimestamp(),
        Revision = Revision,
        SetBy = SetBy,
        Reason = Reason,
    };

    /// <summary>When its period ends.</summary>
    public DateTimeOffset RenewsAt(OrganisationCalendar calendar) =>
        calendar.Midnight(Period == BudgetPeriod.Day ? PeriodStartsOn.AddDays(1) : PeriodStartsOn.AddMonths(1));
}
