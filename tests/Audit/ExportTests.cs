using System.Text.Json;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Tests.Audits;

/// <summary>What stands in exports; that they can be verified is the verifiers' tests' to show.</summary>
public sealed class ExportTests(TestServers servers)
{
    [Fact]
    public async Task An_export_holds_everything_in_order_and_is_itself_in_the_log()
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(25);

        var lines = Lines(await log.ExportAsync(new ExportEntriesRequest()));

        Assert.Equal("header", Kind(lines[0]));
        Assert.Equal("end", Kind(lines[^1]));
        // The twenty-sixth says that it is being exported.
        Assert.Equal(Enumerable.Range(1, 26), lines.Where(l => Kind(l) == "entry").Select(l => l.GetProperty("position").GetInt32()));
        Assert.Equal("audit.export", lines.Last(l => Kind(l) == "entry").GetProperty("operation").GetString());
        Assert.Equal([10, 20], lines.Where(l => Kind(l) == "checkpoint").Select(l => l.GetProperty("position").GetInt32()));
    }

    [Fact]
    public async Task An_export_of_a_range_goes_on_to_the_checkpoint_that_covers_it()
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(5);
        var from = log.Platform.Clock.GetUtcNow();
        await log.AppendAsync(8);
        var until = log.Platform.Clock.GetUtcNow();
        await log.AppendAsync(22);

        var request = new ExportEntriesRequest { StartTime = from.ToTimestamp(), EndTime = until.ToTimestamp() };
        var positions = Lines(await log.ExportAsync(request)).Where(l => Kind(l) == "entry").Select(l => l.GetProperty("position").GetInt32()).ToList();
        // Batches of five, three, five …: the checkpoint comes at the end of the batch that fills it.
        Assert.Equal(Enumerable.Range(6, positions.Count), positions);
        Assert.True(positions.Count > 8);

        request.Format = ExportFormat.Csv;
        Assert.Equal(1 + 8, (await log.ExportAsync(request)).Split("\r\n", StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Theory]
    [InlineData(ExportFormat.Ndjson, 2)]
    [InlineData(ExportFormat.Csv, 1)]
    public async Task An_export_of_an_empty_range_has_no_entries(ExportFormat format, int lines)
    {
        await using var log = await AuditLog.StartAsync(servers);
        await log.AppendAsync(5);
        var start = Timestamp.FromDateTimeOffset(log.Platform.Clock.GetUtcNow().AddDays(1));
        var export = await log.ExportAsync(new ExportEntriesRequest { StartTime = start, Format = format });
        Assert.Equal(lines, export.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        await Refusal.ExpectFieldsAsync(() => log.ExportAsync(new ExportEntriesRequest { StartTime = start, EndTime = start }), "end_time");
        await Refusal.ExpectFieldsAsync(() => log.ExportAsync(new ExportEntriesRequest { Format = (ExportFormat)9 }), "format");
    }

    [Fact]
    public async Task A_spreadsheet_is_given_no_formulas_and_texts_with_commas_and_quotes_whole()
    {
        await using var log = await AuditLog.StartAsync(servers);
        var entry = Entries.OfService(resource: "=HYPERLINK(\"a\",\"b\")");
        var service = await log.Platform.ClientAsync<AuditService.AuditServiceClient>(Tokens.Service("costing"));
        await service.AppendEntriesAsync(new AppendEntriesRequest { Entries = { entry } });

        Assert.Contains(",\"'=HYPERLINK(\"\"a\"\",\"\"b\"\")\",", await log.ExportAsync(new ExportEntriesRequest { Format = ExportFormat.Csv }), StringComparison.Ordinal);
    }

    private static List<JsonElement> Lines(string export) => [.. export.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(l => JsonDocument.Parse(l).RootElement)];

    private static string Kind(JsonElement line) => line.GetProperty("kind").GetString()!;
}
