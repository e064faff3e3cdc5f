using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl budget spend</c>: what was used and what it cost.</summary>
public static class SpendCommand
{
    private static readonly string[] Ways = [.. Enum.GetValues<SpendBy>().Where(b => b != SpendBy.Unspecified).Select(b => CostingText.Of(b))];

    public static Command Create()
    {
        var by = new Option<string[]>("--by") { HelpName = "WAY", Description = $"By what it is added up, repeatable: {string.Join(", ", Ways)}. Unless given: by agent", DefaultValueFactory = _ => [CostingText.Of(SpendBy.Agent)] };
        by.AcceptOnlyFromAmong(Ways);
        var agent = new Option<string>("--agent") { HelpName = "ID", Description = "Only what this agent used" };
        var session = new Option<string>("--session") { HelpName = "ID", Description = "Only what was used for this session" };
        var from = new Option<string>("--from") { HelpName = "DAY", Description = "From this day on. Unless given: from the first of this month" };
        var to = new Option<string>("--to") { HelpName = "DAY", Description = "Up to and with this day. Unless given: today" };
        var json = new Option<bool>("--json") { Description = "Each row as a line of JSON" };
        var (limit, gateway, data) = (LimitOption.Create(), GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("spend", "Adds up what agents used and what it cost.") { by, agent, session, from, to, limit, json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var request = new GetSpendRequest
            {
                GroupBy = { Enum.GetValues<SpendBy>().Where(b => parsed.GetValue(by)!.Contains(CostingText.Of(b))) },
                AgentId = parsed.GetValue(agent) ?? "",
                SessionId = parsed.GetValue(session) ?? "",
                StartDate = parsed.GetValue(from) ?? "",
                EndDate = parsed.GetValue(to) ?? "",
            };
            var rows = await Pages.ReadAsync(parsed.GetValue(limit), async (size, token) =>
            {
                var page = await connection.Caller.Spend.GetSpendAsync(new(request) { PageSize = size, PageToken = token }, cancellationToken: cancellation);
                return ((IEnumerable<SpendRow>)page.Rows, page.NextPageToken);
            });
            CostingText.Show(rows, parsed.GetValue(json), "costs", CostingText.Table);
            return ExitCode.Ok;
        });
        return command;
    }
}
