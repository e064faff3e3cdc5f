using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl budget spenders</c>: under which role and tags agents spend.</summary>
public static class SpenderListCommand
{
    public static Command Create()
    {
        var json = new Option<bool>("--json") { Description = "Each as a line of JSON" };
        var (limit, gateway, data) = (LimitOption.Create(), GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("spenders", "Lists under which role and tags agents spend.") { limit, json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var spenders = await Pages.ReadAsync(parsed.GetValue(limit), async (size, token) =>
            {
                var page = await connection.Caller.Budgets.ListSpendersAsync(new ListSpendersRequest { PageSize = size, PageToken = token }, cancellationToken: cancellation);
                return ((IEnumerable<Spender>)page.Spenders, page.NextPageToken);
            });
            CostingText.Show(spenders, parsed.GetValue(json), "spenders", CostingText.Table);
            return ExitCode.Ok;
        });
        return command;
    }
}
