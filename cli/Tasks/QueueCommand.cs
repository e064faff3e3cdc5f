using System.CommandLine;
using System.Globalization;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Registry.V1;
using Spectre.Console;

namespace AgentPlatform.Cli.Tasks;

/// <summary><c>agentctl queue</c>: what waits for an agent, in the order in which it will come.</summary>
public static class QueueCommand
{
    private const int LargestPage = 500;

    public static Command Create()
    {
        var agent = new Argument<string>("AGENT") { Description = "The agent's id." };
        var limit = LimitOption.Create();
        var json = new Option<bool>("--json") { Description = "Each place as a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("queue", "Lists what waits for an agent, in the order of delivery.") { agent, limit, json, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            return await RunAsync(connection.Caller, new ListQueueRequest { AgentId = parsed.GetRequiredValue(agent) }, parsed.GetValue(limit), parsed.GetValue(json));
        });
        return command;
    }

    private static async Task<int> RunAsync(GatewayCaller caller, ListQueueRequest request, int limit, bool json)
    {
        var places = new List<QueuedTask>();
        do
        {
            request.PageSize = Math.Min(LargestPage, limit - places.Count);
            var page = await caller.AgentTasks.ListQueueAsync(request);
            places.AddRange(page.Tasks);
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0 && places.Count < limit);

        if (json)
            places.ForEach(p => Console.Out.WriteLine(AgentText.Json(p)));
        else if (places.Count == 0)
            Console.Error.WriteLine("Nothing waits.");
        else
            Terminal.Out.Write(Table(places));
        return ExitCode.Ok;
    }

    private static Table Table(IEnumerable<QueuedTask> places)
    {
        var table = Terminal.NewTable("place", "id", "type", "status", "priority", "age", "attempts");
        foreach (var place in places)
        {
            string[] cells =
            [
                place.Position.ToString(CultureInfo.InvariantCulture), place.Task.Id, place.Task.Type, RpcText.Of(place.Task.Status), $"{place.Task.Priority}",
                $"{place.Age.ToTimeSpan().TotalSeconds:0} s", $"{place.Task.Attempt} of {place.Task.MaxAttempts}",
            ];
            table.AddRow(cells.Select(cell => new Text(PlainText.Of(cell))));
        }
        return table;
    }
}
