using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl budget list</c>: budgets, and how they stand.</summary>
public static class BudgetListCommand
{
    public static Command Create()
    {
        var agent = new Option<string>("--agent") { HelpName = "ID", Description = "Only those that cover this agent" };
        var json = new Option<bool>("--json") { Description = "Each as a line of JSON" };
        var (limit, gateway, data) = (LimitOption.Create(), GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("list", "Lists budgets with what is spent, reserved and left.") { agent, limit, json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var budgets = await Pages.ReadAsync(parsed.GetValue(limit), async (size, token) =>
            {
                var page = await connection.Caller.Budgets.ListBudgetsAsync(
                    new ListBudgetsRequest { AgentId = parsed.GetValue(agent) ?? "", PageSize = size, PageToken = token }, cancellationToken: cancellation);
                return ((IEnumerable<Budget>)page.Budgets, page.NextPageToken);
            });
            CostingText.Show(budgets, parsed.GetValue(json), "budgets", CostingText.Table);
            return ExitCode.Ok;
        });
        return command;
    }
}
