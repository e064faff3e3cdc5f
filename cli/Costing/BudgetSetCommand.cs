using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl budget set</c>: the limits of a budget.</summary>
public static class BudgetSetCommand
{
    private static readonly string[] Periods = ["day", "month"];

    public static Command Create()
    {
        var agent = new Option<string>("--agent") { HelpName = "ID", Description = "What this agent may spend" };
        var role = new Option<string>("--role") { HelpName = "NAME", Description = "What all agents of this role may spend together" };
        var tag = new Option<string>("--tag") { HelpName = "NAME", Description = "What all agents with this tag may spend together" };
        var all = new Option<bool>("--all") { Description = "What all agents may spend together" };
        var period = new Option<string>("--period") { HelpName = "PERIOD", DefaultValueFactory = _ => Periods[1], Description = $"In which time: {string.Join(", ", Periods)}" };
        period.AcceptOnlyFromAmong(Periods);
        var hard = MoneyOption.Create("--hard", "No reservation goes beyond it, for example USD100", required: true);
        var soft = MoneyOption.Create("--soft", "From here on, answers warn. Unless given: the hard limit");
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "Why, for the record", Required = true };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("set", "Sets a budget, as a superuser, or changes its limits.") { agent, role, tag, all, period, hard, soft, reason, gateway, data };
        command.Validators.Add(given =>
        {
            if (new[] { agent, role, tag }.Count(o => given.GetValue(o) is not null) + (given.GetValue(all) ? 1 : 0) != 1)
                given.AddError("One of --agent, --role, --tag and --all is needed.");
        });
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Superuser, parsed.GetValue(gateway), parsed.GetValue(data));
            var request = new SetBudgetRequest
            {
                Scope = parsed.GetValue(all) ? BudgetScope.AllScope : parsed.GetValue(agent) is not null ? BudgetScope.AgentScope
                    : parsed.GetValue(role) is not null ? BudgetScope.RoleScope : BudgetScope.TagScope,
                ScopeName = parsed.GetValue(agent) ?? parsed.GetValue(role) ?? parsed.GetValue(tag) ?? "",
                Period = parsed.GetValue(period) == Periods[0] ? BudgetPeriod.Day : BudgetPeriod.Month,
                HardLimit = parsed.GetValue(hard),
                SoftLimit = parsed.GetValue(soft),
                Reason = parsed.GetValue(reason)!,
            };
            var set = (await connection.Caller.Budgets.SetBudgetAsync(request, CallKey.New(), cancellationToken: cancellation)).Budget;
            Terminal.Out.Write(CostingText.Table([set]));
            return ExitCode.Ok;
        });
        return command;
    }
}
