using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl price</c>: the price catalogue, and price lists that wait for a person.</summary>
public static class PriceCommand
{
    public static Command Create() => new("price", "Shows and sets prices; imports price lists, shows what they would change, and decides them.")
    {
        PriceListPricesCommand.Create(),
        PriceHistoryCommand.Create(),
        PriceSetCommand.Create(),
        PriceWithdrawCommand.Create(),
        PriceImportCommand.Create(),
        PriceListsCommand.Create(),
        PriceDiffCommand.Create(),
        PriceDecideCommand.Create("approve", "Approves a price list: all that it changes is in force at once.", Decision.Approve),
        PriceDecideCommand.Create("reject", "Rejects a price list.", Decision.Reject),
    };

    /// <summary>The argument that names a price list.</summary>
    public static Argument<string> NewListArgument() => new("ID") { Description = "The price list's id" };
}
