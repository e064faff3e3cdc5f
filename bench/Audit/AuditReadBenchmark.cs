using System.CommandLine;
using System.Globalization;
using AgentPlatform.Cli;
using AgentPlatform.Contracts.Audit.V1;
using Spectre.Console;

namespace AgentPlatform.Bench.Audit;

/// <summary>
/// How long a page of the audit log takes when there are millions of entries. They are made in the database itself, since what is read does not depend on
/// whether the hashes hold.
/// </summary>
public static class AuditReadBenchmark
{
    private const int Deep = 1_000;
    private const int PageSize = 50;
    private const int Callers = 4;
    private const int Bookings = 50_000;
    private const double GoalMs = 50;

    private const string DropIndexes = """
        DROP INDEX audit.audit_log_chain, audit.audit_log_occurred_at, audit.audit_log_metadata, audit.audit_log_agent, audit.audit_log_operation,
            audit.audit_log_resource, audit.audit_log_session, audit.audit_log_correlation, audit.audit_log_trace, audit.audit_log_authorized_by, audit.audit_log_trouble
        """;

    private const string TellIndexes = """
        SELECT string_agg(replace(pg_get_indexdef(indexrelid), ' ON ONLY ', ' ON '), ';') FROM pg_index
         WHERE indrelid = 'audit.audit_log'::regclass AND NOT indisprimary
        """;

    // Spread over three months, in the order of time; the newest a little while ago.
    private const string Fill = """
        SELECT audit.make_partitions((now() - interval '100 days')::date, now()::date);
        INSERT INTO audit.audit_log (recorded_at, shard, position, event_id, occurred_at, agent_id, agent_version, principal, roles, service, operation,
            resource, outcome, error_message, execution_time_ms, authorized_by, session_id, correlation_id, trace_id, source_address, metadata, redactions,
            previous_hash, hash)
        SELECT now() - interval '90 days' + i * (interval '89 days' / {0}), 0, i, gen_random_uuid(), now() - interval '90 days' + i * (interval '89 days' / {0}),
               'agent_' || i % 200, '1.4.2', 'agent:agent_' || i % 200, '{{agent}}', 'costing', (ARRAY['costing.propose', 'vault.read', 'session.transition'])[i % 3 + 1],
               'booking/' || i / 10, CASE WHEN i % 50 = 0 THEN 'failed' ELSE 'ok' END, '', i % 100, '', '', md5(i::text), md5(i::text), '',
               jsonb_build_object('booking', 'B' || i % {1}, 'lines', i % 7), '{{}}', sha256(i::text::bytea), sha256(i::text::bytea)
          FROM generate_series(1, {0}) AS i;
        INSERT INTO audit.shards VALUES (0, 1, '', 'epoch', {0}, sha256({0}::text::bytea), now() - interval '1 day', 0, 0)
        """;

    public static Command NewCommand()
    {
        var (data, postgres) = (DataFolder.NewOption(), AuditServer.NewOption());
        var rows = new Option<int>("--rows") { DefaultValueFactory = _ => 5_000_000, Description = "How many entries the log has" };
        var seconds = new Option<double>("--seconds") { DefaultValueFactory = _ => 5, Description = "How long each kind of page is asked for" };
        var command = new Command("audit-read", "Pages of a large audit log: the first, the thousandth, and one by metadata.") { data, postgres, rows, seconds };
        command.SetAction((parsed, _) => RunAsync(
            AuditServer.Find(parsed.GetValue(postgres), DataFolder.Locate(parsed.GetValue(data))), parsed.GetValue(rows), TimeSpan.FromSeconds(parsed.GetValue(seconds))));
        return command;
    }

    private static async Task<int> RunAsync(string server, int rows, TimeSpan duration)
    {
        await using var instance = await AuditInstance.CreateAsync(server);
        var indexes = (string)(await instance.ExecuteAsync(TellIndexes))!;
        await instance.ExecuteAsync(DropIndexes);
        await instance.ExecuteAsync(string.Format(CultureInfo.InvariantCulture, Fill, rows, Bookings));
        await instance.ExecuteAsync(indexes);
        await instance.ExecuteAsync("VACUUM ANALYZE audit.audit_log");
        await instance.StartAsync();
        var auditor = instance.AsAuditor();

        var deep = "";
        for (var i = 1; i < Deep; i++)
            deep = (await auditor.ListEntriesAsync(new ListEntriesRequest { PageSize = PageSize, PageToken = deep })).NextPageToken;

        var table = Terminal.NewTable("page", "calls/s", "p50 ms", "p99 ms", "goal");
        async Task MeasureAsync(string page, Func<ListEntriesRequest> request)
        {
            var result = new LoadResult();
            Func<Task> call = async () => await auditor.ListEntriesAsync(request());
            await LoadRound.RunAsync(Callers, duration / 5, call, new LoadResult());
            await LoadRound.RunAsync(Callers, duration, call, result);
            table.AddRow(page, result.CallsPerSecond.ToString("F0", CultureInfo.InvariantCulture), result.PercentileMs(0.5).ToString("F2", CultureInfo.InvariantCulture),
                result.PercentileMs(0.99).ToString("F2", CultureInfo.InvariantCulture), result.PercentileMs(0.99) < GoalMs ? "met" : "missed");
        }
        await MeasureAsync("first", () => new ListEntriesRequest { PageSize = PageSize });
        await MeasureAsync("1,000th", () => new ListEntriesRequest { PageSize = PageSize, PageToken = deep });
        await MeasureAsync("by metadata", () => new ListEntriesRequest { PageSize = PageSize, MetadataContains = $$"""{"booking": "B{{Random.Shared.Next(Bookings)}}"}""" });
        await MeasureAsync("by agent", () => new ListEntriesRequest { PageSize = PageSize, AgentId = $"agent_{Random.Shared.Next(200)}" });

        Terminal.Out.MarkupLineInterpolated($"{rows:N0} entries, {Callers} callers, on {Environment.ProcessorCount} cores shared by callers, service and database; goal: p99 under {GoalMs} ms");
        Terminal.Out.Write(table);
        Terminal.Out.MarkupLineInterpolated($"On disk: {await instance.SizeAsync()} MB per million entries");
        return ExitCode.Ok;
    }
}
