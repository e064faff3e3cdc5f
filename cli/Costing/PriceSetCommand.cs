using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl price set</c>: a new version of a price.</summary>
public static class PriceSetCommand
{
    public static Command Create()
    {
        var sku = new Argument<string>("SKU") { Description = "What is sold" };
        var price = MoneyOption.Create("--price", "What one unit costs without tax, for example ZAR1250.50", required: true);
        var description = new Option<string>("--description") { HelpName = "TEXT", Description = "What it is, in words", Required = true };
        var unit = new Option<string>("--unit") { HelpName = "NAME", Description = "What one of it is, for example day", Required = true };
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "Why, for the record", Required = true };
        var category = new Option<string>("--category") { HelpName = "NAME", Description = "What kind of thing it is" };
        var from = new Option<string>("--from") { HelpName = "DAY", Description = "The first day that it covers. Unless given: today" };
        var to = new Option<string>("--to") { HelpName = "DAY", Description = "The last day that it covers. Unless given, there is none" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("set", "Sets a price, as a superuser. The former one stays on record.") { sku, price, description, unit, reason, category, from, to, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Superuser, parsed.GetValue(gateway), parsed.GetValue(data));
            var set = (await connection.Caller.Prices.SetPriceAsync(new SetPriceRequest
            {
                Sku = parsed.GetValue(sku)!,
                UnitPrice = parsed.GetValue(price),
                Description = parsed.GetValue(description)!,
                Unit = parsed.GetValue(unit)!,
                Reason = parsed.GetValue(reason)!,
                Category = parsed.GetValue(category) ?? "",
                ValidFrom = parsed.GetValue(from) ?? "",
                ValidTo = parsed.GetValue(to) ?? "",
            }, CallKey.New(), cancellationToken: cancellation)).Price;
            Console.Out.WriteLine($"{set.Sku} is {MoneyText.Of(set.UnitPrice)} a {set.Unit} from {set.ValidFrom} on, version {set.Version}.");
            return ExitCode.Ok;
        });
        return command;
    }
}
