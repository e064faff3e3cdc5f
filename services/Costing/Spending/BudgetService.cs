using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;

namespace AgentPlatform.Costings;

/// <summary>The RPCs of budgets and spenders. See budget.proto for what each promises.</summary>
public sealed class BudgetService(Database database, BudgetStore store, OrganisationCalendar calendar) : Contracts.Costing.V1.BudgetService.BudgetServiceBase
{
    public override async Task<SetBudgetResponse> SetBudget(SetBudgetRequest request, ServerCallContext context)
    {
        var (soft, hard) = BudgetRules.Read(request);

        await using var work = await database.BeginAsync(context);
        var present = await store.FindToSetAsync(work, request.Scope, request.ScopeName, request.Period);
        if (present is not null && present.Currency != hard.Currency)
            throw BudgetRules.OtherCurrency(present);
        var budget = present is null ? await store.AddAsync(work, request, soft, hard) : await store.ChangeAsync(work, present.Id, soft, hard, request.Reason);
        work.Audit("budget.set", $"budget/{budget.Id}",
            [("of", BudgetRules.NameOf(budget)), ("period", EnumText.Of(budget.Period)), ("soft_limit", soft.ToExactText()), ("hard_limit", hard.ToExactText()),
                ("former_hard_limit", present?.HardLimit.ToExactText() ?? ""), ("reason", request.Reason)],
            authorizedBy: work.Caller.Subject);
        return await work.CommitAsync(new SetBudgetResponse { Budget = budget.ToProto(calendar) });
    }

    public override async Task<RemoveBudgetResponse> RemoveBudget(RemoveBudgetRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        await using var work = await database.BeginAsync(context);
        var budget = await store.RemoveAsync(work, id) ?? throw BudgetRules.NotFound(id);
        work.Audit("budget.remove", $"budget/{id}",
            [("of", BudgetRules.NameOf(budget)), ("period", EnumText.Of(budget.Period)), ("hard_limit", budget.HardLimit.ToExactText())], authorizedBy: work.Caller.Subject);
        return await work.CommitAsync(new RemoveBudgetResponse());
    }

    public override async Task<ListBudgetsResponse> ListBudgets(ListBudgetsRequest request, ServerCallContext context)
    {
        new FieldChecks().OptionalName("agent_id", request.AgentId).ThrowIfAny();
        var agentId = context.Caller().NarrowTo(request.AgentId);
        var page = PageRequest.Read("budgets", request.PageSize, request.PageToken, agentId);

        var (rows, next) = page.Cut(await store.ListAsync(page, agentId, context), b => b.Id.ToString());
        return new ListBudgetsResponse { Budgets = { rows.Select(b => b.ToProto(calendar)) }, NextPageToken = next };
    }

    public override async Task<SetSpenderResponse> SetSpender(SetSpenderRequest request, ServerCallContext context)
    {
        BudgetRules.Check(request);

        await using var work = await database.BeginAsync(context);
        var spender = store.Put(work, request);
        work.Audit("spender.set", $"agent/{spender.AgentId}", [("role", spender.Role), ("tags", string.Join(' ', spender.Tags))], authorizedBy: work.Caller.Subject);
        return await work.CommitAsync(new SetSpenderResponse { Spender = spender.ToProto() });
    }

    public override async Task<ListSpendersResponse> ListSpenders(ListSpendersRequest request, ServerCallContext context)
    {
        var page = PageRequest.Read("spenders", request.PageSize, request.PageToken);

        var (rows, next) = page.Cut(await store.ListSpendersAsync(page, context), s => s.AgentId);
        return new ListSpendersResponse { Spenders = { rows.Select(s => s.ToProto()) }, NextPageToken = next };
    }
}
