using System.CommandLine;
using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Cli.Vault;

/// <summary><c>agentctl vault ls</c>: the files that an operator may list.</summary>
public static class VaultListCommand
{
    public static Command Create()
    {
        var prefix = new Argument<string>("PREFIX") { Arity = ArgumentArity.ZeroOrOne, Description = "Only paths that start with this, for example prices/" };
        var pattern = new Option<string>("--pattern") { HelpName = "PATTERN", Description = "Only paths that match, for example '**/2026-??.csv'" };
        var json = new Option<bool>("--json") { Description = "Each as a line of JSON" };
        var limit = LimitOption.Create();
        return new Command("ls", "Lists files in the order of their paths.") { prefix, pattern, limit, json }.Calls((caller, parsed) =>
            Listing.WriteAsync<VaultFile>(parsed.GetValue(limit), parsed.GetValue(json), "There are no such files.", async (size, token) =>
            {
                var request = new ListFilesRequest { PathPrefix = parsed.GetValue(prefix) ?? "", Pattern = parsed.GetValue(pattern) ?? "", PageSize = size, PageToken = token };
                var page = await caller.Vault.ListFilesAsync(request);
                return (page.Files, page.NextPageToken);
            }, VaultText.Table));
    }
}
