using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl budget remove</c>: from now on it limits nothing.</summary>
public static class BudgetRemoveCommand
{
    public static Command Create()
    {
        var id = new Argument<string>("ID") { Description = "The budget's id" };
        var yes = new Option<bool>(Confirmation.Option) { Description = "Does not ask" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("remove", "Removes a budget, as a superuser: nothing is limited by it any more.") { id, yes, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            if (!parsed.GetValue(yes) && !Confirmation.Ask($"Remove budget {parsed.GetValue(id)}?"))
                return ExitCode.Failed;
            using var connection = GatewayConnection.Open(GatewayConnection.Superuser, parsed.GetValue(gateway), parsed.GetValue(data));
            await connection.Caller.Budgets.RemoveBudgetAsync(new RemoveBudgetRequest { Id = parsed.GetValue(id)! }, CallKey.New(), cancellationToken: cancellation);
            Console.Out.WriteLine($"Budget {parsed.GetValue(id)} is removed.");
            return ExitCode.Ok;
        });
        return command;
    }
}
