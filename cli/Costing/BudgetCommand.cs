using System.CommandLine;

namespace AgentPlatform.Cli.Costings;

/// <summary><c>agentctl budget</c>: who may spend how much, and what was spent.</summary>
public static class BudgetCommand
{
    public static Command Create() => new("budget", "Shows and sets budgets, and what agents have spent.")
    {
        BudgetListCommand.Create(),
        BudgetSetCommand.Create(),
        BudgetRemoveCommand.Create(),
        SpenderListCommand.Create(),
        SpenderSetCommand.Create(),
        SpendCommand.Create(),
    };
}
