using System.Globalization;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf;
using Spectre.Console;

namespace AgentPlatform.Cli.Audit;

/// <summary>Entries as people and scripts read them.</summary>
public static class EntryText
{
    private const string TimeForm = "yyyy-MM-dd HH:mm:ss.fff";
    private static readonly string[] Headings = ["recorded (UTC)", "place", "actor", "operation", "resource", "outcome", "authorized by", "ms"];

    /// <summary>One line: for streams, where columns cannot know how wide they will be.</summary>
    public static string Line(AuditEntry entry) => string.Join("  ", Cells(entry).Where(c => c.Length > 0));

    /// <summary>The whole entry as one line of JSON, with the names of the contract.</summary>
    public static string Json(AuditEntry entry) => Formatter.Format(entry);

    /// <summary>A table; on a narrow terminal resources are cut, elsewhere nothing is.</summary>
    public static Table Table(IEnumerable<AuditEntry> entries)
    {
        var table = Terminal.NewTable(Headings);
        foreach (var column in table.Columns.Where((_, index) => index != 4))
            column.NoWrap();
        table.Columns[^1].RightAligned();
        foreach (var entry in entries)
            table.AddRow(Cells(entry).Select((cell, index) => new Text(cell) { Overflow = index == 4 ? Overflow.Ellipsis : Overflow.Fold }));
        return table;
    }

    private static JsonFormatter Formatter { get; } = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    // Callers chose most of these texts.
    private static string[] Cells(AuditEntry entry) => Array.ConvertAll<string, string>(
    [
        entry.RecordTime.ToDateTime().ToString(TimeForm, CultureInfo.InvariantCulture),
        string.Create(CultureInfo.InvariantCulture, $"{entry.Shard}:{entry.Position}"),
        entry.Principal,
        entry.Operation,
        entry.Resource,
        RpcText.Of(entry.Outcome) + (entry.ErrorMessage.Length > 0 ? $" ({entry.ErrorMessage})" : ""),
        entry.AuthorizedBy,
        entry.ExecutionTimeMs.ToString("0.0", CultureInfo.InvariantCulture),
    ], PlainText.Of);
}
