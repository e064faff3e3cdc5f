using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Type.V1;
using Grpc.Core;
using Budgets = AgentPlatform.Contracts.Costing.V1.BudgetService.BudgetServiceClient;
using Client = AgentPlatform.Contracts.Costing.V1.SpendService.SpendServiceClient;

namespace AgentPlatform.Tests.Costings;

/// <summary>Calls of budgets and spending in as few words as a test can bear.</summary>
internal static class SpendCalls
{
    public static Money Usd(long units, int nanos = 0) => new() { CurrencyCode = "USD", Units = units, Nanos = nanos };

    public static Usage Tokens(Money cost, long tokens = 1_000) =>
        new() { Kind = UsageKind.ModelTokens, QuantityMilli = tokens * 1_000, Resource = "model-1", Cost = cost };

    public static SetBudgetRequest BudgetOf(BudgetScope scope, string name, long hard, long? soft = null, BudgetPeriod period = BudgetPeriod.Month) => new()
    {
        Scope = scope,
        ScopeName = name,
        Period = period,
        HardLimit = Usd(hard),
        SoftLimit = soft is { } units ? Usd(units) : null,
        Reason = "as agreed",
    };

    /// <summary>Sets a budget as a superuser.</summary>
    public static async Task<Budget> SetBudgetAsync(this Platform platform, SetBudgetRequest request) =>
        (await (await platform.ClientAsync<Budgets>(AgentPlatform.Tests.Tokens.Superuser())).SetBudgetAsync(request)).Budget;

    public static Task<Budget> SetBudgetAsync(this Platform platform, string agent, long hard, long? soft = null, BudgetPeriod period = BudgetPeriod.Month) =>
        platform.SetBudgetAsync(BudgetOf(BudgetScope.AgentScope, agent, hard, soft, period));

    /// <summary>A budget as it stands, as an operator sees it.</summary>
    public static async Task<Budget> BudgetAsync(this Platform platform, string id)
    {
        var client = await platform.ClientAsync<Budgets>(AgentPlatform.Tests.Tokens.Operator());
        return (await client.ListBudgetsAsync(new ListBudgetsRequest { PageSize = 500 })).Budgets.Single(b => b.Id == id);
    }

    public static async Task SetSpenderAsync(this Platform platform, string agent, string role, params string[] tags) =>
        await (await platform.ClientAsync<Budgets>(AgentPlatform.Tests.Tokens.Superuser())).SetSpenderAsync(new SetSpenderRequest { AgentId = agent, Role = role, Tags = { tags } });

    public static async Task<Reservation> ReserveAsync(this Client client, Money amount) =>
        (await client.ReserveSpendAsync(new ReserveSpendRequest { Amount = amount })).Reservation;

    public static async Task<SettleSpendResponse> SettleAsync(this Client client, Reservation reservation, Money cost) =>
        await client.SettleSpendAsync(new SettleSpendRequest { ReservationId = reservation.Id, Usage = Tokens(cost) });

    public static async Task<RecordUsageResponse> RecordAsync(this Client client, Money cost, string sessionId = "") =>
        await client.RecordUsageAsync(new RecordUsageRequest { Usage = Tokens(cost), SessionId = sessionId });

    /// <summary>Expects that a budget has too little left, and gives back what the refusal says.</summary>
    public static Task<Refusal> ExpectExceededAsync(Func<Task> call) => Refusal.ExpectAsync(StatusCode.ResourceExhausted, "BUDGET_EXCEEDED", call);
}
