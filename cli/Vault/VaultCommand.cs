using System.CommandLine;

namespace AgentPlatform.Cli.Vault;

/// <summary><c>agentctl vault</c>: the files that agents may read, and who may.</summary>
public static class VaultCommand
{
    public static Command Create() => new("vault", "Lists and reads the vault's files, and sets who may.")
    {
        VaultListCommand.Create(),
        VaultShowCommand.Create(),
        VaultCatCommand.Create(),
        VaultTableCommand.Create(),
        VaultInventoryCommand.Create(),
        VaultFormsCommand.Create(),
        VaultStatsCommand.Create(),
        VaultRuleCommand.Create(),
        VaultLabelCommand.Create(),
    };
}
