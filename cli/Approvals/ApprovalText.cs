using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace AgentPlatform.Cli.Approvals;

/// <summary>Approvals as people and scripts read them.</summary>
public static class ApprovalText
{
    private const string TimeForm = "yyyy-MM-dd HH:mm:ss";
    private static readonly JsonFormatter Formatter = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));
    // Letters of all languages as they are; PlainText sees to what must not reach a terminal.
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A state in the word that people use: "pending".</summary>
    public static string Of(ApprovalStatus status) => status == ApprovalStatus.Unspecified ? "" : status.ToString()["Approval".Length..].ToLowerInvariant();

    /// <summary>The whole approval as one line of JSON, with the names of the contract.</summary>
    public static string Json(Approval approval) => Formatter.Format(approval);

    public static Table Table(IEnumerable<Approval> approvals)
    {
        var table = Terminal.NewTable("id", "status", "action", "requested by", "until (UTC)", "approver", "reason");
        foreach (var column in table.Columns.SkipLast(1))
            column.NoWrap();
        foreach (var a in approvals)
        {
            string[] cells = [a.Id, Of(a.Status), a.Action, a.RequestedBy, Time(a.ExpireTime), RpcText.Of(a.ApproverRole).ToLowerInvariant(), a.Reason];
            table.AddRow(cells.Select(c => new Text(PlainText.Of(c))));
        }
        return table;
    }

    /// <summary>Everything that a person should see before deciding; with what is other than the last time, when there was one.</summary>
    public static IRenderable Picture(Approval approval, Approval? previous)
    {
        var list = Terminal.NewList();
        void Add(string name, string value)
        {
            if (value.Length > 0)
                list.AddRow(new Text(name), new Text(PlainText.Of(value)));
        }
        Add("approval", approval.Id);
        Add("status", Of(approval.Status) + (approval.Escalated ? ", escalated" : ""));
        Add("action", approval.Action);
        Add("reason", approval.Reason);
        Add("requested by", approval.RequestedBy);
        Add("session", approval.SessionId);
        Add("task", approval.TaskId);
        Add("decides", RpcText.Of(approval.ApproverRole).ToLowerInvariant());
        Add("until", $"{Time(approval.ExpireTime)} UTC, then {RpcText.Of(approval.OnExpiry).ToLowerInvariant()}");
        Add("decided by", approval.DecidedBy.Length == 0 ? "" : $"{approval.DecidedBy} at {Time(approval.DecideTime)} UTC");
        Add("notes", approval.Notes);
        Add("digest", approval.Digest);
        list.AddRow(new Text("arguments"), new Text(string.Join('\n', Pretty(approval.Arguments).Split('\n').Select(PlainText.Of))));
        if (previous is not null)
            list.AddRow(new Text("compared"), new Text(string.Join('\n', Compared(approval, previous).Select(PlainText.Of))));
        return list;
    }

    private static IEnumerable<string> Compared(Approval approval, Approval previous)
    {
        var changes = ArgumentsDiff.Of(previous.Arguments, approval.Arguments);
        var what = $"with {previous.Id}, which {previous.DecidedBy} approved at {Time(previous.DecideTime)} UTC";
        yield return changes.Count == 0 ? $"{what}: the same arguments" : what;
        foreach (var change in changes)
            yield return change;
    }

    private static string Pretty(Struct arguments)
    {
        using var document = JsonDocument.Parse(JsonFormatter.Default.Format(arguments));
        return JsonSerializer.Serialize(document, Indented).ReplaceLineEndings("\n");
    }

    private static string Time(Timestamp? time) => time?.ToDateTime().ToString(TimeForm, CultureInfo.InvariantCulture) ?? "";
}
