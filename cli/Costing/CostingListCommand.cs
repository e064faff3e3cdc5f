using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl costing list</c>: what waits, or what was.</summary>
public static class CostingListCommand
{
    private const string Any = "any";
    private static readonly string[] States = [.. Enum.GetValues<CostingStatus>().Where(s => s != CostingStatus.Unspecified).Select(s => CostingText.Of(s)), Any];

    public static Command Create()
    {
        var status = new Option<string>("--status") { HelpName = "STATE", DefaultValueFactory = _ => CostingText.Of(CostingStatus.PendingReview), Description = $"Only those in this state: {string.Join(", ", States)}" };
        status.AcceptOnlyFromAmong(States);
        var agent = new Option<string>("--agent") { HelpName = "ID", Description = "Only this agent's" };
        var booking = new Option<string>("--booking") { HelpName = "REF", Description = "Only those of this booking" };
        var json = new Option<bool>("--json") { Description = "Each as a line of JSON" };
        var (limit, gateway, data) = (LimitOption.Create(), GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("list", "Lists costings that wait for a decision, newest first.") { status, agent, booking, limit, json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var request = new ListCostingsRequest
            {
                Status = Enum.GetValues<CostingStatus>().FirstOrDefault(s => CostingText.Of(s) == parsed.GetValue(status)),
                AgentId = parsed.GetValue(agent) ?? "",
                BookingRef = parsed.GetValue(booking) ?? "",
            };
            var costings = await Pages.ReadAsync(parsed.GetValue(limit), async (size, token) =>
            {
                var page = await connection.Caller.Costing.ListCostingsAsync(new(request) { PageSize = size, PageToken = token }, cancellationToken: cancellation);
                return ((IEnumerable<Costing>)page.Costings, page.NextPageToken);
            });
            CostingText.Show(costings, parsed.GetValue(json), "costings", CostingText.Table);
            return ExitCode.Ok;
        });
        return command;
    }
}
