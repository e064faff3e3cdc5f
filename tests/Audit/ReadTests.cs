using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Audit.V1.AuditService.AuditServiceClient;

namespace AgentPlatform.Tests.Audits;

/// <summary>Single actions, their metrics, and who reads what.</summary>
public sealed class ReadTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_logged_action_is_found_by_its_id_redacted_and_in_the_chain()
    {
        var agent = await platform.ClientAsync<Client>(Tokens.Agent("logger"));
        var id = (await agent.LogActionAsync(new LogActionRequest
        {
            Entry = new AuditEntry
            {
                Operation = "mail.send",
                Resource = "mail/1",
                SessionId = "s-1",
                Outcome = Outcome.Failed,
                ErrorMessage = "ann@example.org refused it",
                Metadata = Struct.Parser.ParseJson("""{"to": "bob@example.org", "copies": 2}"""),
            },
        })).EventId;

        var entry = (await agent.GetEntryAsync(new GetEntryRequest { EventId = id })).Entry;

        Assert.Equal(("[EMAIL] refused it", "[EMAIL]", "s-1"), (entry.ErrorMessage, entry.Metadata.Fields["to"].StringValue, entry.SessionId));
        Assert.Equal((true, 2, 32, 32), (entry.PiiRedacted, entry.Redactions["email"], entry.Hash.Length, entry.PreviousHash.Length));
        Assert.Equal("127.0.0.1", entry.SourceAddress);
        Assert.Empty(await platform.SqlAsync<string>("SELECT metadata::text FROM audit.audit_log WHERE metadata::text || error_message LIKE '%example.org%'"));
        var other = await platform.ClientAsync<Client>(Tokens.Agent("other"));
        await Refusal.ExpectAsync(StatusCode.NotFound, "ENTRY_NOT_FOUND", async () => await other.GetEntryAsync(new GetEntryRequest { EventId = id }));
    }

    [Fact]
    public async Task Entries_are_found_by_session_by_who_allowed_them_and_by_what_their_metadata_contain()
    {
        var (one, two) = (Entries.OfService("found.one", "found/1"), Entries.OfService("found.two", "found/2"));
        (one.SessionId, one.AuthorizedBy, one.Metadata) = ("found-session", "user:sam", Struct.Parser.ParseJson("""{"booking": "B-1", "lines": [{"sku": "CHAIR", "quantity": 2}]}"""));
        two.Metadata = Struct.Parser.ParseJson("""{"booking": "B-2"}""");
        await AppendAsync(one, two);

        foreach (var request in new[]
        {
            new ListEntriesRequest { SessionId = "found-session" },
            new ListEntriesRequest { ResourcePrefix = "found/", AuthorizedBy = "user:sam" },
            new ListEntriesRequest { MetadataContains = """{"lines": [{"sku": "CHAIR"}]}""" },
            new ListEntriesRequest { MetadataContains = """{"booking": "B-1"}""", Operation = "found.*" },
        })
        {
            Assert.Equal([one.EventId], (await (await AuditorAsync()).ListEntriesAsync(request)).Entries.Select(e => e.EventId));
        }
    }

    [Fact]
    public async Task Oldest_first_shows_the_log_as_it_was_at_the_first_page()
    {
        var batch = Enumerable.Range(0, 7).Select(_ => Entries.OfService(resource: "oldest/1")).ToArray();
        await AppendAsync(batch);
        var (seen, token) = (new List<string>(), "");
        do
        {
            var page = await (await AuditorAsync()).ListEntriesAsync(new ListEntriesRequest { ResourcePrefix = "oldest/", PageSize = 3, PageToken = token, Order = Order.OldestFirst });
            seen.AddRange(page.Entries.Select(e => e.EventId));
            token = page.NextPageToken;
            await AppendAsync(Entries.OfService(resource: "oldest/1"));
        }
        while (token.Length > 0);
        Assert.Equal(batch.Select(e => e.EventId), seen);
    }

    [Fact]
    public async Task Metrics_count_calls_errors_and_times_by_agent_operation_and_window()
    {
        var start = platform.Clock.GetUtcNow().AddHours(-2);
        var entries = Enumerable.Range(1, 100).Select(i =>
        {
            var entry = Entries.OfService("metric.run", "metric/1");
            (entry.AgentId, entry.ExecutionTimeMs, entry.Outcome) = ("metered", i, i <= 25 ? Outcome.Failed : Outcome.Ok);
            entry.OccurTime = start.AddMinutes(i <= 50 ? 1 : 61).ToTimestamp();
            return entry;
        }).ToArray();
        await AppendAsync(entries);
        var request = new GetPerformanceMetricsRequest { AgentId = "metered", StartTime = start.ToTimestamp() };

        var all = Assert.Single((await (await AuditorAsync()).GetPerformanceMetricsAsync(request)).Metrics);
        Assert.Equal(("metered", "metric.run", 100, 0.25, 50.5), (all.AgentId, all.Operation, all.CallCount, all.ErrorRate, all.MeanMs));
        Assert.Equal((50.5, 95.05, 99.01), (all.P50Ms, Math.Round(all.P95Ms, 2), Math.Round(all.P99Ms, 2)));

        request.Window = Duration.FromTimeSpan(TimeSpan.FromHours(1));
        var hours = (await (await AuditorAsync()).GetPerformanceMetricsAsync(request)).Metrics;
        Assert.Equal([(50L, 0.5), (50L, 0d)], hours.Select(h => (h.CallCount, h.ErrorRate)));
        var agent = await platform.ClientAsync<Client>(Tokens.Agent("somebody"));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await agent.GetPerformanceMetricsAsync(request));
        request.Window = Duration.FromTimeSpan(TimeSpan.FromMilliseconds(1));
        await Refusal.ExpectFieldsAsync(async () => await (await AuditorAsync()).GetPerformanceMetricsAsync(request), "window");
        request.StartTime = start.AddDays(-400).ToTimestamp();
        await Refusal.ExpectFieldsAsync(async () => await (await AuditorAsync()).GetPerformanceMetricsAsync(request), "start_time");
    }

    [Fact]
    public async Task A_persons_reading_is_in_the_log_and_an_agents_of_its_own_is_not()
    {
        var reader = await platform.ClientAsync<Client>(Tokens.Auditor("reader"));
        await reader.ListEntriesAsync(new ListEntriesRequest { ResourcePrefix = "secret/" });
        await (await platform.ClientAsync<Client>(Tokens.Agent("self"))).ListEntriesAsync(new ListEntriesRequest());

        var read = (await (await AuditorAsync()).ListEntriesAsync(new ListEntriesRequest { Operation = "audit.list" })).Entries;
        var entry = Assert.Single(read, e => e.Principal == "user:reader");
        Assert.Equal("secret/", entry.Metadata.Fields["request"].StructValue.Fields["resourcePrefix"].StringValue);
        Assert.DoesNotContain(read, e => e.Principal == "agent:self");
    }

    private Task<Client> AuditorAsync() => platform.ClientAsync<Client>(Tokens.Auditor());

    private async Task AppendAsync(params AuditEntry[] entries) =>
        await (await platform.ClientAsync<Client>(Tokens.Service("costing"))).AppendEntriesAsync(new AppendEntriesRequest { Entries = { entries } });
}
