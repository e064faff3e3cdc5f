using System.CommandLine;
using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Cli.Vault;

/// <summary><c>agentctl vault show</c>: what a file is, and the SHA-256 that an approval to read it is for.</summary>
public static class VaultShowCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("PATH") { Description = "The file, as vault ls shows it" };
        var json = new Option<bool>("--json") { Description = "As a line of JSON" };
        return new Command("show", "Describes a file, with its SHA-256.") { path, json }.Calls(async (caller, parsed) =>
        {
            var answer = await caller.Vault.GetFileAsync(new GetFileRequest { Path = parsed.GetRequiredValue(path) });
            return Listing.Write(answer, parsed.GetValue(json), () => VaultText.Picture(answer));
        });
    }
}
