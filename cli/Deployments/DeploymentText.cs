using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console;

namespace AgentPlatform.Cli.Deployments;

/// <summary>Deployments and their agents as people read them.</summary>
public static class DeploymentText
{
    public static Table Table(IEnumerable<Deployment> deployments) => Terminal.NewTable(["id", "created (UTC)", "package", "status", "ring", "agents", "by", "reason"],
        deployments.Select(d => new[]
        {
            d.Id, AgentText.Time(d.CreateTime), Of(d), RpcText.Of(d.Status), RingOf(d), $"{d.AgentCount}", d.CreatedBy, d.Reason,
        }));

    public static Table Table(IEnumerable<Install> installs) => Terminal.NewTable(["agent", "ring", "status", "progress", "changed (UTC)", "message"],
        installs.Select(i => new[] { i.AgentId, $"{i.Ring}", RpcText.Of(i.Status), $"{i.ProgressPercent} %", AgentText.Time(i.UpdateTime), i.Message }));

    /// <summary>One deployment, name by name.</summary>
    public static Grid Picture(Deployment deployment) => Terminal.NewList(
        ("deployment", deployment.Id),
        ("package", $"{Of(deployment)}  {deployment.PackageId}"),
        ("status", RpcText.Of(deployment.Status)),
        ("reason", deployment.Reason),
        ("ring", RingOf(deployment)),
        ("rings", string.Join(", ", deployment.Rings.Select(r => $"{r} %"))),
        ("ring pause", Time(deployment.RingPause)),
        ("stops above", $"{deployment.MaxFailurePercent} % of a ring failed"),
        ("done within", Time(deployment.InstallTimeout)),
        ("for", deployment.Selection is null ? "" : AgentText.Json(deployment.Selection)),
        ("undoes", deployment.RollbackOf),
        ("agents", $"{deployment.AgentCount}: {CountsOf(deployment.Counts)}"),
        ("created", $"{AgentText.Time(deployment.CreateTime)} UTC by {deployment.CreatedBy}"),
        ("started", AgentText.Time(deployment.StartTime)),
        ("ended", AgentText.Time(deployment.EndTime)),
        ("version", $"{deployment.Version}"));

    /// <summary>Where a deployment stands, one line.</summary>
    public static string Line(Deployment deployment) => PlainText.Of(
        $"{deployment.Id}  {Of(deployment)}  {RpcText.Of(deployment.Status)}  ring {RingOf(deployment)}  {CountsOf(deployment.Counts)}  {deployment.Reason}".TrimEnd());

    private static string Of(Deployment deployment) => $"{deployment.PackageName}@{deployment.PackageVersion}";

    private static string RingOf(Deployment deployment) => $"{deployment.CurrentRing} of {deployment.Rings.Count}";

    private static string CountsOf(InstallCounts? counts) => counts is null ? "" : string.Join(", ", new (int Count, string Word)[]
    {
        (counts.Pending, "pending"), (counts.Downloading, "downloading"), (counts.Installing, "installing"), (counts.Installed, "installed"), (counts.Failed, "failed"),
        (counts.RolledBack, "rolled back"),
    }.Where(c => c.Count > 0).Select(c => $"{c.Count} {c.Word}"));

    private static string Time(Duration? time) => time is null ? "" : $"{time.ToTimeSpan():c}";
}
