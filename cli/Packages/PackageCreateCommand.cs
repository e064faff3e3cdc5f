using System.CommandLine;
using System.Security.Cryptography;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Cli.Packages;

/// <summary><c>agentctl package create</c>: measures the file that is at hand, and adds it by where agents will find it.</summary>
public static class PackageCreateCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("NAME@VERSION") { Description = "What it is called, and its semantic version: 'agent@1.4.0'" };
        var file = new Option<FileInfo>("--file") { HelpName = "PATH", Required = true, Description = "The file itself; its size and SHA-256 are taken, and it is not sent" };
        file.AcceptExistingOnly();
        var url = new Option<string>("--url") { HelpName = "URL", Required = true, Description = "Where agents find it: https://…, or vault://PATH" };
        var sbom = new Option<FileInfo>("--sbom") { HelpName = "PATH", Required = true, Description = "Its bill of materials, CycloneDX as JSON" };
        sbom.AcceptExistingOnly();
        var json = JsonOption.Create("The whole package as a line of JSON");
        var command = new Command("create", "Adds a package, as a draft.") { name, file, url, sbom, json };
        command.Validators.Add(given =>
        {
            if (given.GetValue(name)?.Split('@') is not [{ Length: > 0 }, { Length: > 0 }])
                given.AddError("Name the package as NAME@VERSION.");
        });
        return command.Calls(async (caller, parsed) =>
        {
            var named = parsed.GetRequiredValue(name).Split('@');
            await using var content = parsed.GetRequiredValue(file).OpenRead();
            var request = new CreatePackageRequest
            {
                Name = named[0],
                Version = named[1],
                Sha256 = Convert.ToHexStringLower(await SHA256.HashDataAsync(content)),
                SizeBytes = content.Length,
                Url = parsed.GetRequiredValue(url),
                Sbom = await File.ReadAllTextAsync(parsed.GetRequiredValue(sbom).FullName),
            };
            var package = (await caller.Packages.CreatePackageAsync(request, CallKey.New())).Package;
            Console.Out.WriteLine(parsed.GetValue(json) ? AgentText.Json(package) : PackageText.Line(package));
            return ExitCode.Ok;
        });
    }
}
