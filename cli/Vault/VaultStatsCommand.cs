using System.CommandLine;
using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Cli.Vault;

/// <summary><c>agentctl vault stats</c>: how much there is of what.</summary>
public static class VaultStatsCommand
{
    public static Command Create()
    {
        var prefix = new Argument<string>("PREFIX") { Arity = ArgumentArity.ZeroOrOne, Description = "Only paths that start with this, for example prices/" };
        var json = new Option<bool>("--json") { Description = "As a line of JSON" };
        return new Command("stats", "Counts files by kind, and what lies beside them that nobody gets.") { prefix, json }.Calls(async (caller, parsed) =>
        {
            var stats = await caller.Vault.GetVaultStatsAsync(new GetVaultStatsRequest { PathPrefix = parsed.GetValue(prefix) ?? "" });
            return Listing.Write(stats, parsed.GetValue(json), () => VaultText.Picture(stats));
        });
    }
}
