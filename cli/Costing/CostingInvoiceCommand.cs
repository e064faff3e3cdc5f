using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl costing invoice</c>: gives an approved costing its invoice number.</summary>
public static class CostingInvoiceCommand
{
    public static Command Create()
    {
        var id = CostingCommand.NewIdArgument();
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("invoice", "Gives an approved costing the next invoice number of the year.") { id, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var invoiced = (await connection.Caller.Costing.MarkInvoicedAsync(
                new MarkInvoicedRequest { Id = parsed.GetValue(id)! }, CallKey.New(), cancellationToken: cancellation)).Costing;
            Console.Out.WriteLine($"Costing {invoiced.Id} is invoiced as {invoiced.InvoiceNumber}.");
            return ExitCode.Ok;
        });
        return command;
    }
}
