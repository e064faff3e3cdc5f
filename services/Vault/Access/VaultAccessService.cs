using System.Globalization;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;

namespace AgentPlatform.Vault;

/// <summary>The RPCs of rules and labels. See access.proto for what each promises.</summary>
public sealed class VaultAccessService(Database database, VaultAccessStore store) : Contracts.Vault.V1.VaultAccessService.VaultAccessServiceBase
{
    public override async Task<SetRuleResponse> SetRule(SetRuleRequest request, ServerCallContext context)
    {
        var pattern = VaultAccessRules.Read(request);
        var ofWhom = VaultAccessRules.NameOf(request.AgentId, request.Role);

        await using var work = await database.BeginAsync(context);
        var rules = await store.FindRulesToSetAsync(work, request.AgentId, request.Role);
        var present = rules.SingleOrDefault(r => r.Effect == request.Effect && r.Pattern.ToString() == request.Pattern);
        VaultAccessRules.CheckVersion($"The rule of {ofWhom} for {request.Pattern}", present?.Version ?? 0, request.HasVersion ? request.Version : null);
        if (present is null && rules.Count >= VaultAccessRules.RulesMaximum)
            throw VaultAccessRules.TooManyRules(ofWhom);
        var rule = store.Put(work, present, request, pattern);
        Audit(work, "vault.rule.set", rule, request.Reason);
        return await work.CommitAsync(new SetRuleResponse { Rule = rule.ToProto() });
    }

    public override async Task<RemoveRuleResponse> RemoveRule(RemoveRuleRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        await using var work = await database.BeginAsync(context);
        var rule = await store.RemoveRuleAsync(work, id) ?? throw VaultAccessRules.RuleNotFound(id);
        Audit(work, "vault.rule.remove", rule, reason: "");
        return await work.CommitAsync(new RemoveRuleResponse());
    }

    public override async Task<ListRulesResponse> ListRules(ListRulesRequest request, ServerCallContext context)
    {
        VaultAccessRules.Check(request);
        var agentId = context.Caller().NarrowTo(request.AgentId);
        var page = PageRequest.Read("vault rules", request.PageSize, request.PageToken, agentId);

        var (rows, next) = page.Cut(await store.ListRulesAsync(page, agentId, context), r => r.Id.ToString());
        return new ListRulesResponse { Rules = { rows.Select(r => r.ToProto()) }, NextPageToken = next };
    }

    public override async Task<SetLabelResponse> SetLabel(SetLabelRequest request, ServerCallContext context)
    {
        var pattern = VaultAccessRules.Read(request);

        await using var work = await database.BeginAsync(context);
        var labels = await store.FindLabelsToSetAsync(work);
        var present = labels.SingleOrDefault(l => l.Name == request.Name && l.Pattern.ToString() == request.Pattern);
        VaultAccessRules.CheckVersion($"The label {request.Name} on {request.Pattern}", present?.Version ?? 0, request.HasVersion ? request.Version : null);
        if (present is null && labels.Count >= VaultAccessRules.LabelsMaximum)
            throw VaultAccessRules.TooManyLabels();
        var label = store.Put(work, present, request, pattern);
        Audit(work, "vault.label.set", label, request.Reason);
        return await work.CommitAsync(new SetLabelResponse { Label = label.ToProto() });
    }

    public override async Task<RemoveLabelResponse> RemoveLabel(RemoveLabelRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        await using var work = await database.BeginAsync(context);
        var label = await store.RemoveLabelAsync(work, id) ?? throw VaultAccessRules.LabelNotFound(id);
        Audit(work, "vault.label.remove", label, reason: "");
        return await work.CommitAsync(new RemoveLabelResponse());
    }

    public override async Task<ListLabelsResponse> ListLabels(ListLabelsRequest request, ServerCallContext context)
    {
        var page = PageRequest.Read("vault labels", request.PageSize, request.PageToken);

        var (rows, next) = page.Cut(await store.ListLabelsAsync(page, context), l => l.Id.ToString());
        return new ListLabelsResponse { Labels = { rows.Select(l => l.ToProto()) }, NextPageToken = next };
    }

    private static void Audit(UnitOfWork work, string operation, RuleRecord rule, string reason) => work.Audit(operation, $"vault-rule/{rule.Id}",
        [("of", VaultAccessRules.NameOf(rule.AgentId, rule.Role)), ("pattern", rule.Pattern.ToString()), ("effect", EnumText.Of(rule.Effect)),
            ("actions", string.Join(' ', rule.Actions.Select(EnumText.Of))), ("version", rule.Version.ToString(CultureInfo.InvariantCulture)), ("reason", reason)],
        authorizedBy: work.Caller.Subject);

    private static void Audit(UnitOfWork work, string operation, LabelRecord label, string reason) => work.Audit(operation, $"vault-label/{label.Id}",
        [("name", label.Name), ("pattern", label.Pattern.ToString()), ("approver_role", Caller.NameOf(label.ApproverRole)),
            ("version", label.Version.ToString(CultureInfo.InvariantCulture)), ("reason", reason)],
        authorizedBy: work.Caller.Subject);
}
