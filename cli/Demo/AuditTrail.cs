using System.Globalization;
using AgentPlatform.Contracts.Audit.V1;
using Spectre.Console;

namespace AgentPlatform.Cli.Demo;

/// <summary>What the audit log says about one correlation id.</summary>
public static class AuditTrail
{
    private const int PageSize = 500;

    // Services hand their entries on within moments of the commit; a second is the longest in good health.
    private static readonly TimeSpan WaitTimeout = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(100);

    /// <summary>All entries, oldest first, once there are as many as there must be.</summary>
    public static async Task<IReadOnlyList<AuditEntry>> ReadAsync(GatewayCaller auditor, string correlationId, int expected, TimeProvider clock)
    {
        var giveUpAt = clock.GetUtcNow() + WaitTimeout;
        while (true)
        {
            var answer = await auditor.Audit.ListEntriesAsync(new ListEntriesRequest { CorrelationId = correlationId, PageSize = PageSize });
            if (answer.Entries.Count >= expected)
                return [.. answer.Entries.OrderBy(e => e.OccurTime)];
            if (clock.GetUtcNow() >= giveUpAt)
                throw new CliException($"{answer.Entries.Count} of {expected} entries are on the audit log after {WaitTimeout.TotalSeconds:0} s");
            await Task.Delay(LookEvery, clock);
        }
    }

    /// <summary>Prints them as a table. On a narrow terminal resources and trace ids are cut; nothing is when there is no terminal.</summary>
    public static void Show(IEnumerable<AuditEntry> entries)
    {
        var table = Terminal.NewTable("time (UTC)", "actor", "operation", "resource", "outcome", "authorized by", "ms", "trace");
        foreach (var column in table.Columns.Where((_, index) => index is not 3 and not 7))
            column.NoWrap();
        table.Columns[6].RightAligned();
        foreach (var entry in entries)
        {
            table.AddRow(
                new Text(entry.OccurTime.ToDateTime().ToString("HH:mm:ss.fff", CultureInfo.InvariantCulture)),
                new Text(entry.Principal),
                new Text(entry.Operation),
                new Text(entry.Resource).Overflow(Overflow.Ellipsis),
                new Text(RpcText.Of(entry.Outcome)),
                new Text(entry.AuthorizedBy),
                new Text(entry.ExecutionTimeMs.ToString("0.0", CultureInfo.InvariantCulture)),
                new Text(entry.TraceId).Overflow(Overflow.Ellipsis));
        }
        Terminal.Out.Write(table);
    }
}
