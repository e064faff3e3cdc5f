using System.CommandLine;
using AgentPlatform.Contracts.Costing.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl costing</c>: what agents propose to charge, and the person's word.</summary>
public static class CostingCommand
{
    public static Command Create() => new("costing", "Shows costings that agents propose, decides them, and has approved ones invoiced.")
    {
        CostingListCommand.Create(),
        CostingShowCommand.Create(),
        CostingDecideCommand.Create("approve", "Approves it, exactly as shown.", Decision.Approve),
        CostingDecideCommand.Create("reject", "Rejects it.", Decision.Reject),
        CostingInvoiceCommand.Create(),
    };

    /// <summary>The argument that names a costing.</summary>
    public static Argument<string> NewIdArgument() => new("ID") { Description = "The costing's id" };
}
