using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl price approve</c> and <c>reject</c>: shows what a price list would change, asks, and decides on the digest of just what was shown.</summary>
public static class PriceDecideCommand
{
    public static Command Create(string name, string description, Decision decision)
    {
        var id = PriceCommand.NewListArgument();
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "Why, for the proposer and the audit log", Required = decision == Decision.Reject };
        var yes = new Option<bool>(Confirmation.Option) { Description = "Does not ask" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command(name, description) { id, reason, yes, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Superuser, parsed.GetValue(gateway), parsed.GetValue(data));
            var lists = connection.Caller.PriceLists;
            var list = (await lists.GetPriceListAsync(new GetPriceListRequest { Id = parsed.GetValue(id)! }, cancellationToken: cancellation)).PriceList;
            Terminal.Out.Write(CostingText.Table([list]));
            Terminal.Out.Write(CostingText.Table(PriceDiffCommand.Changes(await PriceDiffCommand.ReadAsync(connection.Caller, list.Id, cancellation))));
            if (!parsed.GetValue(yes) && !Confirmation.Ask($"{char.ToUpperInvariant(name[0])}{name[1..]} this?"))
                return ExitCode.Failed;
            var request = new DecidePriceListRequest { Id = list.Id, Decision = decision, Digest = list.Digest, Reason = parsed.GetValue(reason) ?? "" };
            var decided = (await lists.DecidePriceListAsync(request, CallKey.New(), cancellationToken: cancellation)).PriceList;
            Console.Out.WriteLine($"Price list {decided.Id} is {(decided.Status == PriceListStatus.PriceListApproved ? "approved" : "rejected")}.");
            return ExitCode.Ok;
        });
        return command;
    }
}
