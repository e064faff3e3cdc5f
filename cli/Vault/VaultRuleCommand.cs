using System.CommandLine;
using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Cli.Vault;

/// <summary><c>agentctl vault rule</c>: who may list and read what.</summary>
public static class VaultRuleCommand
{
    private static readonly string[] Actions = ["read", "list"];

    public static Command Create() => new("rule", "Shows and sets who may list and read which files. Agents may do nothing without a rule.") { List(), Set(), Remove() };

    private static Command List()
    {
        var agent = new Option<string>("--agent") { HelpName = "ID", Description = "Only those that count for this agent" };
        var json = new Option<bool>("--json") { Description = "Each as a line of JSON" };
        var limit = LimitOption.Create();
        return new Command("list", "Lists rules, oldest first.") { agent, limit, json }.Calls((caller, parsed) =>
            Listing.WriteAsync<VaultRule>(parsed.GetValue(limit), parsed.GetValue(json), "There are no such rules.", async (size, token) =>
            {
                var page = await caller.VaultAccess.ListRulesAsync(new ListRulesRequest { AgentId = parsed.GetValue(agent) ?? "", PageSize = size, PageToken = token });
                return (page.Rules, page.NextPageToken);
            }, VaultText.Table));
    }

    private static Command Set()
    {
        var pattern = new Argument<string>("PATTERN") { Description = "Paths, for example 'prices/**' or '**/2026-??.csv'" };
        var agent = new Option<string>("--agent") { HelpName = "ID", Description = "For this agent" };
        var role = EnumOption.Create("--role", "For everybody of this role", Role.Agent, Role.Operator, Role.Auditor);
        var deny = new Option<bool>("--deny") { Description = "Keeps from it, whatever else allows it" };
        var action = new Option<string[]>("--action") { HelpName = "ACTION", DefaultValueFactory = _ => Actions, Description = $"What it is about: {string.Join(", ", Actions)}. Unless given: both" };
        action.AcceptOnlyFromAmong(Actions);
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "Why, for the record", Required = true };
        var command = new Command("set", "Sets a rule, as a superuser, or changes what it is about.") { pattern, agent, role, deny, action, reason };
        command.Validators.Add(given =>
        {
            if (given.GetResult(agent) is null == given.GetResult(role) is null)
                given.AddError("One of --agent and --role is needed.");
        });
        return command.Calls(GatewayConnection.Superuser, async (caller, parsed) =>
        {
            var request = new SetRuleRequest
            {
                AgentId = parsed.GetValue(agent) ?? "",
                Role = parsed.GetValue(role),
                Pattern = parsed.GetRequiredValue(pattern),
                Effect = parsed.GetValue(deny) ? RuleEffect.Deny : RuleEffect.Allow,
                Actions = { parsed.GetRequiredValue(action).Distinct().Select(a => Enum.Parse<FileAction>(a, ignoreCase: true)) },
                Reason = parsed.GetRequiredValue(reason),
            };
            Terminal.Out.Write(VaultText.Table([(await caller.VaultAccess.SetRuleAsync(request, CallKey.New())).Rule]));
            return ExitCode.Ok;
        });
    }

    private static Command Remove()
    {
        var id = new Argument<string>("ID") { Description = "The rule's id" };
        var yes = new Option<bool>(Confirmation.Option) { Description = "Does not ask" };
        return new Command("remove", "Removes a rule, as a superuser.") { id, yes }.Calls(GatewayConnection.Superuser, async (caller, parsed) =>
        {
            if (!parsed.GetValue(yes) && !Confirmation.Ask($"Remove rule {parsed.GetValue(id)}?"))
                return ExitCode.Failed;
            await caller.VaultAccess.RemoveRuleAsync(new RemoveRuleRequest { Id = parsed.GetRequiredValue(id) }, CallKey.New());
            Console.Out.WriteLine($"Rule {parsed.GetValue(id)} is removed.");
            return ExitCode.Ok;
        });
    }
}
