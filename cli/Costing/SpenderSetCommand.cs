using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl budget spender</c>: says under which role and tags an agent spends.</summary>
public static class SpenderSetCommand
{
    public static Command Create()
    {
        var agent = new Argument<string>("AGENT") { Description = "The agent's id" };
        var role = new Option<string>("--role") { HelpName = "NAME", Description = "Its role. Unless given: none" };
        var tags = new Option<string[]>("--tag") { HelpName = "NAME", Description = "A tag, for example its tenant; repeatable. Unless given: none", DefaultValueFactory = _ => [] };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("spender", "Says, as a superuser, under which role and tags an agent spends.") { agent, role, tags, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Superuser, parsed.GetValue(gateway), parsed.GetValue(data));
            var request = new SetSpenderRequest { AgentId = parsed.GetValue(agent)!, Role = parsed.GetValue(role) ?? "", Tags = { parsed.GetValue(tags)! } };
            var set = (await connection.Caller.Budgets.SetSpenderAsync(request, CallKey.New(), cancellationToken: cancellation)).Spender;
            Terminal.Out.Write(CostingText.Table([set]));
            return ExitCode.Ok;
        });
        return command;
    }
}
