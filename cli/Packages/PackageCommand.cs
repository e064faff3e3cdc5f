using System.CommandLine;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Cli.Packages;

/// <summary><c>agentctl package</c>: what can be installed on agents' machines.</summary>
public static class PackageCommand
{
    private const int LargestPage = 500;

    public static Command Create() => new("package", "Adds what can be installed on agents' machines, and releases it.")
    {
        List(),
        Show(),
        PackageCreateCommand.Create(),
        PackageScanCommand.Create(),
        PackageReleaseCommand.Create(),
        Withdraw(),
        Sbom(),
    };

    /// <summary>The argument that names a package.</summary>
    public static Argument<string> NewName() => new("PACKAGE") { Description = "The package, as NAME@VERSION or by its id" };

    /// <summary>The package that is meant by NAME@VERSION, or by an id.</summary>
    public static async Task<Package> FindAsync(GatewayCaller caller, string text)
    {
        if (text.Split('@') is not [var name, var version])
            return (await caller.Packages.GetPackageAsync(new GetPackageRequest { Id = text })).Package;
        var request = new ListPackagesRequest { Name = name, PageSize = LargestPage };
        do
        {
            var page = await caller.Packages.ListPackagesAsync(request);
            if (page.Packages.FirstOrDefault(p => p.Version == version) is { } found)
                return found;
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0);
        throw new CliException($"there is no package {text}");
    }

    private static Command List()
    {
        var name = new Option<string>("--name") { HelpName = "NAME", Description = "Only packages of this name" };
        var status = EnumOption.Create<PackageStatus>("--status", "Only packages in this state");
        var (limit, json) = (LimitOption.Create(), JsonOption.Create());
        return new Command("list", "Lists packages, newest first.") { name, status, limit, json }.Calls((caller, parsed) =>
            Listing.WriteAsync<Package>(parsed.GetValue(limit), parsed.GetValue(json), "There are no such packages.", async (size, token) =>
            {
                var page = await caller.Packages.ListPackagesAsync(
                    new ListPackagesRequest { PageSize = size, PageToken = token, Name = parsed.GetValue(name) ?? "", Status = parsed.GetValue(status) });
                return (page.Packages, page.NextPageToken);
            }, PackageText.Table));
    }

    private static Command Show()
    {
        var (name, json) = (NewName(), JsonOption.Create("As a line of JSON"));
        return new Command("show", "Shows a package.") { name, json }.Calls(async (caller, parsed) =>
        {
            var package = await FindAsync(caller, parsed.GetRequiredValue(name));
            return Listing.Write(package, parsed.GetValue(json), () => PackageText.Picture(package));
        });
    }

    private static Command Withdraw()
    {
        var name = NewName();
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Required = true, Description = "Why; shown with the package and on the audit log" };
        var yes = new Option<bool>(Confirmation.Option) { Description = "Does not ask" };
        return new Command("withdraw", "Takes a package back for good, and stops its deployments; as superuser.") { name, reason, yes }.Calls(GatewayConnection.Superuser, async (caller, parsed) =>
        {
            var package = await FindAsync(caller, parsed.GetRequiredValue(name));
            Terminal.Out.Write(PackageText.Picture(package));
            if (!parsed.GetValue(yes) && !Confirmation.Ask("Withdraw this?"))
                return ExitCode.Failed;
            var request = new WithdrawPackageRequest { Id = package.Id, Reason = parsed.GetRequiredValue(reason) };
            Console.Out.WriteLine(PackageText.Line((await caller.Packages.WithdrawPackageAsync(request, CallKey.New())).Package));
            return ExitCode.Ok;
        });
    }

    private static Command Sbom()
    {
        var name = NewName();
        return new Command("sbom", "Writes a package's bill of materials, to the letter.") { name }.Calls(async (caller, parsed) =>
        {
            var package = await FindAsync(caller, parsed.GetRequiredValue(name));
            Console.Out.Write((await caller.Packages.GetSbomAsync(new GetSbomRequest { PackageId = package.Id })).Sbom);
            return ExitCode.Ok;
        });
    }
}
