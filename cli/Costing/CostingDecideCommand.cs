using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl costing approve</c> and <c>reject</c>: shows what is proposed, asks, and decides on the digest of just what was shown.</summary>
public static class CostingDecideCommand
{
    public static Command Create(string name, string description, Decision decision)
    {
        var id = CostingCommand.NewIdArgument();
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "Why, for the agent and the audit log", Required = decision == Decision.Reject };
        var digest = new Option<string>("--digest") { HelpName = "DIGEST", Description = "Only if it is still what this digest stands for; for scripts that showed it to somebody before" };
        var yes = new Option<bool>(Confirmation.Option) { Description = "Does not ask" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command(name, description) { id, reason, digest, yes, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Superuser, parsed.GetValue(gateway), parsed.GetValue(data));
            var told = await connection.Caller.Costing.ExplainCostingAsync(new ExplainCostingRequest { Id = parsed.GetValue(id)! }, cancellationToken: cancellation);
            Terminal.Out.Write(CostingText.Picture(told));
            if (!parsed.GetValue(yes) && !Confirmation.Ask($"{char.ToUpperInvariant(name[0])}{name[1..]} this?"))
                return ExitCode.Failed;
            var request = new DecideCostingRequest
            {
                Id = told.Costing.Id,
                Decision = decision,
                Digest = parsed.GetValue(digest) ?? told.Costing.Digest,
                Reason = parsed.GetValue(reason) ?? "",
            };
            var decided = (await connection.Caller.Costing.DecideCostingAsync(request, CallKey.New(), cancellationToken: cancellation)).Costing;
            Console.Out.WriteLine($"Costing {decided.Id} is {CostingText.Of(decided.Status)}.");
            return ExitCode.Ok;
        });
        return command;
    }
}
