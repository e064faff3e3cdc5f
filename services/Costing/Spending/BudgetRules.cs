using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Costings;

/// <summary>What a budget and a spender may be. No I/O.</summary>
public static class BudgetRules
{
    public const int MaximumTags = 16;

    public static (Amount Soft, Amount Hard) Read(SetBudgetRequest request)
    {
        var checks = new FieldChecks().Known("scope", request.Scope).Known("period", request.Period)
            .NotNegative("hard_limit", request.HardLimit, out var hard)
            .Words("reason", request.Reason, CostingChecks.ReasonMaximumCharacters);
        if (request.Scope == BudgetScope.AllScope)
            checks.Require(request.ScopeName.Length == 0, "scope_name", "goes with no budget of all");
        else
            checks.DottedName("scope_name", request.ScopeName);
        var soft = hard;
        if (request.SoftLimit is not null)
            checks.NotNegative("soft_limit", request.SoftLimit, out soft)
                .Require(soft.Currency == hard.Currency, "soft_limit.currency_code", "is not that of the hard limit")
                .Require(soft.Nanos <= hard.Nanos, "soft_limit", "is more than the hard limit");
        checks.ThrowIfAny();
        return (soft, hard);
    }

    public static void Check(SetSpenderRequest request)
    {
        var checks = new FieldChecks()
            .DottedName("agent_id", request.AgentId)
            .OptionalName("role", request.Role)
            .Require(request.Tags.Count <= MaximumTags, "tags", $"are {request.Tags.Count:N0}; at most {MaximumTags} are allowed")
            .Require(request.Tags.Distinct().Count() == request.Tags.Count, "tags", "has one twice");
        for (var i = 0; i < Math.Min(request.Tags.Count, MaximumTags); i++)
            checks.DottedName($"tags[{i}]", request.Tags[i]);
        checks.ThrowIfAny();
    }

    public static PlatformException OtherCurrency(BudgetRecord budget) =>
        Errors.FailedPrecondition("BUDGET_CURRENCY", $"The budget of {NameOf(budget)} is in {budget.Currency}; no other currency counts on it.");

    public static PlatformException NotFound(Guid id) => Errors.NotFound("BUDGET_NOT_FOUND", $"There is no budget {id}.");

    /// <summary>Whose budget it is, for people.</summary>
    public static string NameOf(BudgetRecord budget) => budget.Scope switch
    {
        BudgetScope.AgentScope => $"agent {budget.ScopeName}",
        BudgetScope.RoleScope => $"role {budget.ScopeName}",
        BudgetScope.TagScope => $"tag {budget.ScopeName}",
        _ => "all agents",
    };
}
