using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Registry.V1;
using Spectre.Console;

namespace AgentPlatform.Cli.Configs;

/// <summary>Configurations as people read them.</summary>
public static class ConfigText
{
    public static Table Table(IEnumerable<ConfigVersion> versions) => Terminal.NewTable(["version", "made (UTC)", "by", "enabled", "reason", "configuration"], versions.Select(v => new[]
    {
        v.RolledBackTo == 0 ? $"{v.Config.Version}" : $"{v.Config.Version} (as {v.RolledBackTo})", AgentText.Time(v.Config.UpdateTime), v.ChangedBy, v.Config.Enabled ? "yes" : "no", v.Reason,
        AgentText.Json(v.Config.Config),
    }));

    public static Grid Picture(AgentConfig config) => Terminal.NewList(
        ("agent", config.AgentId),
        ("version", $"{config.Version}"),
        ("enabled", config.Enabled ? "yes" : "no"),
        ("set", $"{AgentText.Time(config.UpdateTime)} UTC"),
        ("configuration", AgentText.Json(config.Config)),
        ("schema", config.Schema is null ? "none" : "yes; --json shows it"));

    /// <summary>A version, one line.</summary>
    public static string Line(AgentConfig config) =>
        PlainText.Of($"{config.AgentId}  version {config.Version}{(config.Enabled ? "" : "  disabled")}  {AgentText.Json(config.Config)}");
}
