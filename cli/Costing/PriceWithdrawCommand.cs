using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl price withdraw</c>: from a day on a SKU has no price.</summary>
public static class PriceWithdrawCommand
{
    public static Command Create()
    {
        var sku = new Argument<string>("SKU") { Description = "What is no longer sold" };
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "Why, for the record", Required = true };
        var from = new Option<string>("--from") { HelpName = "DAY", Description = "The first day without a price. Unless given: today" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("withdraw", "Takes a SKU off the catalogue, as a superuser, until a price is set again.") { sku, reason, from, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Superuser, parsed.GetValue(gateway), parsed.GetValue(data));
            var request = new WithdrawPriceRequest { Sku = parsed.GetValue(sku)!, Reason = parsed.GetValue(reason)!, ValidFrom = parsed.GetValue(from) ?? "" };
            var withdrawn = (await connection.Caller.Prices.WithdrawPriceAsync(request, CallKey.New(), cancellationToken: cancellation)).Price;
            Console.Out.WriteLine($"{withdrawn.Sku} has no price from {withdrawn.ValidFrom} on.");
            return ExitCode.Ok;
        });
        return command;
    }
}
