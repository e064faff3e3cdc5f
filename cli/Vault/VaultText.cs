using System.Globalization;
using AgentPlatform.Contracts.Vault.V1;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console.Rendering;

namespace AgentPlatform.Cli.Vault;

/// <summary>The vault's files, rules and labels as people read them.</summary>
public static class VaultText
{
    private const string TimeForm = "yyyy-MM-dd HH:mm:ss";

    public static IRenderable Table(IReadOnlyList<VaultFile> files) => Terminal.NewTable(["bytes", "changed (UTC)", "label", "path"],
        files.Select(f => new[] { Number(f.SizeBytes), Time(f.ModifyTime), f.Label, f.Path }));

    public static IRenderable Table(IReadOnlyList<VaultRule> rules) => Terminal.NewTable(["id", "for", "effect", "actions", "pattern", "set by", "set (UTC)", "reason"],
        rules.Select(r => new[]
        {
            r.Id, r.AgentId.Length > 0 ? $"agent {r.AgentId}" : $"role {Word(r.Role)}", Word(r.Effect), string.Join(' ', r.Actions.Select(a => Word(a))), r.Pattern, r.SetBy,
            Time(r.SetTime), r.Reason,
        }));

    public static IRenderable Table(IReadOnlyList<VaultLabel> labels) => Terminal.NewTable(["id", "label", "approver", "pattern", "set by", "set (UTC)", "reason"],
        labels.Select(l => new[] { l.Id, l.Name, Word(l.ApproverRole), l.Pattern, l.SetBy, Time(l.SetTime), l.Reason }));

    public static IRenderable Picture(GetFileResponse answer) => Terminal.NewList(
        ("path", answer.File.Path), ("kind", Word(answer.File.Kind)), ("bytes", Number(answer.File.SizeBytes)), ("changed", $"{Time(answer.File.ModifyTime)} UTC"),
        ("made", answer.File.CreateTime is { } made ? $"{Time(made)} UTC" : ""), ("label", answer.File.Label), ("sha256", answer.Sha256));

    public static IRenderable Picture(GetVaultStatsResponse stats)
    {
        var kinds = stats.Kinds.Select(k => (Word(k.Kind), $"{Number(k.Count)} files, {Number(k.SizeBytes)} bytes"));
        return Terminal.NewList([.. kinds, ("with a label", Number(stats.LabelledCount)), ("others", $"{Number(stats.OtherCount)} entries that are not handed out"),
            ("last change", stats.NewestModifyTime is { } newest ? $"{Time(newest)} UTC" : ""), ("opened by", stats.GuardedByKernel ? "openat2" : "a walk")]);
    }

    private static string Word(System.Enum value) => RpcText.Of(value).ToLowerInvariant();

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Time(Timestamp time) => time.ToDateTime().ToString(TimeForm, CultureInfo.InvariantCulture);
}
