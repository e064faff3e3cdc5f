using System.CommandLine;
using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Cli.Packages;

/// <summary><c>agentctl package scan</c>: records what a scanner said.</summary>
public static class PackageScanCommand
{
    public static Command Create()
    {
        var name = PackageCommand.NewName();
        var verdict = EnumOption.Create<ScanResult>("--verdict", "What it said");
        verdict.Required = true;
        var scanner = new Option<string>("--scanner") { HelpName = "NAME", Required = true, Description = "Which scanner: 'grype'" };
        var findings = new Option<int>("--findings") { HelpName = "N", Description = "How many findings it has" };
        var time = TimeOption.Create("--time", "When it ran; now unless given");
        return new Command("scan", "Records what a scanner said of a package.") { name, verdict, scanner, findings, time }.Calls(async (caller, parsed) =>
        {
            var package = await PackageCommand.FindAsync(caller, parsed.GetRequiredValue(name));
            var request = new RecordScanRequest
            {
                PackageId = package.Id,
                Scanner = parsed.GetRequiredValue(scanner),
                Verdict = parsed.GetValue(verdict),
                FindingsCount = parsed.GetValue(findings),
                ScanTime = parsed.GetValue(time) ?? TimeProvider.System.GetUtcNow().ToTimestamp(),
            };
            Console.Out.WriteLine(PackageText.Line((await caller.Packages.RecordScanAsync(request, CallKey.New())).Package));
            return ExitCode.Ok;
        });
    }
}
