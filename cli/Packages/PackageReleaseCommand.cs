using System.CommandLine;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Cli.Packages;

/// <summary><c>agentctl package release</c>: shows what is to be released, asks, and releases the digest of just what was shown.</summary>
public static class PackageReleaseCommand
{
    public static Command Create()
    {
        var name = PackageCommand.NewName();
        var notes = new Option<string>("--notes") { HelpName = "TEXT", Description = "For the audit log" };
        var digest = new Option<string>("--digest") { HelpName = "DIGEST", Description = "Only if it is still what this digest stands for; for scripts that showed it to somebody before" };
        var yes = new Option<bool>(Confirmation.Option) { Description = "Does not ask" };
        return new Command("release", "Lets a package go out to agents; as superuser, and not by who added it.") { name, notes, digest, yes }.Calls(GatewayConnection.Superuser, async (caller, parsed) =>
        {
            var package = await PackageCommand.FindAsync(caller, parsed.GetRequiredValue(name));
            Terminal.Out.Write(PackageText.Picture(package));
            if (!parsed.GetValue(yes) && !Confirmation.Ask("Release this?"))
                return ExitCode.Failed;
            var request = new ReleasePackageRequest { Id = package.Id, Digest = parsed.GetValue(digest) ?? package.Digest, Notes = parsed.GetValue(notes) ?? "" };
            Console.Out.WriteLine(PackageText.Line((await caller.Packages.ReleasePackageAsync(request, CallKey.New())).Package));
            return ExitCode.Ok;
        });
    }
}
