using System.Globalization;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Registry.V1;
using Spectre.Console;

namespace AgentPlatform.Cli.Packages;

/// <summary>Packages as people read them.</summary>
public static class PackageText
{
    public static Table Table(IEnumerable<Package> packages) => Terminal.NewTable(["package", "status", "scan", "bytes", "created (UTC)", "by", "released by", "id"],
        packages.Select(p => new[]
        {
            $"{p.Name}@{p.Version}", RpcText.Of(p.Status), p.LastScan is null ? "none" : RpcText.Of(p.LastScan.Verdict), p.SizeBytes.ToString("N0", CultureInfo.InvariantCulture),
            AgentText.Time(p.CreateTime), p.CreatedBy, p.ReleasedBy, p.Id,
        }));

    /// <summary>One package, name by name: all that a release is bound to.</summary>
    public static Grid Picture(Package package) => Terminal.NewList(
        ("package", $"{package.Name}@{package.Version}"),
        ("id", package.Id),
        ("status", RpcText.Of(package.Status)),
        ("file", package.Url),
        ("bytes", package.SizeBytes.ToString("N0", CultureInfo.InvariantCulture)),
        ("SHA-256", package.Sha256),
        ("materials", $"{package.ComponentCount} components, SHA-256 {package.SbomSha256}"),
        ("scan", package.LastScan is not { } scan ? "none" : $"{RpcText.Of(scan.Verdict)} by {scan.Scanner}, {scan.FindingsCount} findings, {AgentText.Time(scan.ScanTime)} UTC"),
        ("digest", package.Digest),
        ("created", By(package.CreateTime, package.CreatedBy)),
        ("released", By(package.ReleaseTime, package.ReleasedBy)),
        ("withdrawn", package.WithdrawTime is null ? "" : $"{By(package.WithdrawTime, package.WithdrawnBy)}: {package.WithdrawReason}"));

    /// <summary>Where a package stands, one line.</summary>
    public static string Line(Package package) =>
        PlainText.Of($"{package.Name}@{package.Version}  {RpcText.Of(package.Status)}  scan {(package.LastScan is null ? "none" : RpcText.Of(package.LastScan.Verdict))}  {package.Id}");

    private static string By(Google.Protobuf.WellKnownTypes.Timestamp? time, string who) => time is null ? "" : $"{AgentText.Time(time)} UTC by {who}";
}
