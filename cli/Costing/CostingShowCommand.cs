using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl costing show</c>: one costing, and how each of its lines came about.</summary>
public static class CostingShowCommand
{
    public static Command Create()
    {
        var id = CostingCommand.NewIdArgument();
        var json = new Option<bool>("--json") { Description = "As a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("show", "Shows a costing, and how each of its lines came about.") { id, json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var told = await connection.Caller.Costing.ExplainCostingAsync(new ExplainCostingRequest { Id = parsed.GetValue(id)! }, cancellationToken: cancellation);
            if (parsed.GetValue(json))
                Console.Out.WriteLine(CostingText.Json(told));
            else
                Terminal.Out.Write(CostingText.Picture(told));
            return ExitCode.Ok;
        });
        return command;
    }
}
