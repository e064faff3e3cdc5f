using System.Buffers.Text;
using System.Text;
using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Audit.V1.AuditService.AuditServiceClient;

namespace AgentPlatform.Tests.Audits;

public sealed class ListTests(Platform platform) : IClassFixture<Platform>
{
    private const string Trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public async Task Each_filter_finds_its_own_and_filters_add_up()
    {
        var (one, two) = (Entries.OfService("filter.one", "filter/1"), Entries.OfService("filter.two", "filter/2"));
        (one.AgentId, one.CorrelationId, one.TraceId, one.Outcome) = ("filter-agent", "filter-call", Trace, Outcome.Failed);
        one.OccurTime = Noon.ToTimestamp();
        await AppendAsync(one, two);

        ListEntriesRequest[] findOne =
        [
            new() { AgentId = "filter-agent" },
            new() { Operation = "filter.one" },
            new() { ResourcePrefix = "filter/1" },
            new() { CorrelationId = "filter-call" },
            new() { TraceId = Trace },
            new() { Outcome = Outcome.Failed },
            new() { ResourcePrefix = "filter/", StartTime = Noon.ToTimestamp(), EndTime = Noon.AddSeconds(1).ToTimestamp() },
            new() { AgentId = "filter-agent", Operation = "filter.*", ResourcePrefix = "filter/", Outcome = Outcome.Failed },
        ];
        foreach (var request in findOne)
            Assert.Equal([one.EventId], await IdsAsync(request));
        Assert.Equal([two.EventId, one.EventId], await IdsAsync(new ListEntriesRequest { Operation = "filter.*" }));
        Assert.Empty(await IdsAsync(new ListEntriesRequest { Operation = "filter.one", ResourcePrefix = "filter/2" }));
    }

    [Fact]
    public async Task The_start_of_a_time_window_belongs_to_it_and_its_end_does_not()
    {
        var entry = Entries.OfService(resource: "window/1");
        entry.OccurTime = Noon.ToTimestamp();
        await AppendAsync(entry);

        ListEntriesRequest Window(DateTimeOffset start, DateTimeOffset end) =>
            new() { ResourcePrefix = "window/", StartTime = start.ToTimestamp(), EndTime = end.ToTimestamp() };
        Assert.Single(await IdsAsync(Window(Noon, Noon.AddMicroseconds(1))));
        Assert.Empty(await IdsAsync(Window(Noon.AddMicroseconds(1), Noon.AddDays(1))));
        Assert.Empty(await IdsAsync(Window(Noon.AddDays(-1), Noon)));
    }

    [Fact]
    public async Task All_of_a_noun_is_not_all_that_starts_alike()
    {
        var expected = Entries.OfService("noun.decide", "noun/1");
        await AppendAsync(expected, Entries.OfService("nouns.decide", "noun/2"), Entries.OfService("noun", "noun/3"), Entries.OfService("noun-b.decide", "noun/4"));
        Assert.Equal([expected.EventId], await IdsAsync(new ListEntriesRequest { Operation = "noun.*" }));
    }

    [Fact]
    public async Task Signs_that_mean_something_to_sql_mean_themselves()
    {
        var percent = Entries.OfService(resource: "sign/100%_\\done");
        await AppendAsync(percent, Entries.OfService(resource: "sign/1000 done"), Entries.OfService(resource: "sign/100xxdone"));

        Assert.Equal([percent.EventId], await IdsAsync(new ListEntriesRequest { ResourcePrefix = "sign/100%" }));
        Assert.Equal([percent.EventId], await IdsAsync(new ListEntriesRequest { ResourcePrefix = "sign/100%_\\" }));
        Assert.Empty(await IdsAsync(new ListEntriesRequest { ResourcePrefix = "sign/%" }));
        Assert.Empty(await IdsAsync(new ListEntriesRequest { ResourcePrefix = "' OR true --" }));
    }

    [Fact]
    public async Task Every_entry_is_shown_once_newest_first_while_others_are_added()
    {
        var batch = Enumerable.Range(0, 7).Select(_ => Entries.OfService(resource: "page/1")).ToArray();
        await AppendAsync(batch);

        var seen = new List<string>();
        var auditor = await As(Tokens.Auditor());
        var token = "";
        do
        {
            var page = await auditor.ListEntriesAsync(new ListEntriesRequest { ResourcePrefix = "page/", PageSize = 3, PageToken = token });
            seen.AddRange(page.Entries.Select(e => e.EventId));
            token = page.NextPageToken;
            await AppendAsync(Entries.OfService(resource: "page/1"));
        }
        while (token.Length > 0);
        Assert.Equal(batch.Select(e => e.EventId).Reverse(), seen);
    }

    [Fact]
    public async Task A_page_is_bounded_whatever_is_asked_for()
    {
        await AppendAsync([.. Enumerable.Range(0, 501).Select(_ => Entries.OfService(resource: "bound/1"))]);
        var auditor = await As(Tokens.Auditor());

        var most = await auditor.ListEntriesAsync(new ListEntriesRequest { ResourcePrefix = "bound/", PageSize = int.MaxValue });
        Assert.Equal(500, most.Entries.Count);
        Assert.NotEmpty(most.NextPageToken);
        var usual = await auditor.ListEntriesAsync(new ListEntriesRequest { ResourcePrefix = "bound/" });
        Assert.Equal(50, usual.Entries.Count);
    }

    [Fact]
    public async Task An_agent_sees_its_own_only()
    {
        var (mine, theirs) = (Entries.OfService(resource: "own/1"), Entries.OfService(resource: "own/2"));
        (mine.AgentId, theirs.AgentId) = ("own-me", "own-other");
        await AppendAsync(mine, theirs, Entries.OfService(resource: "own/3"));

        var agent = await As(Tokens.Agent("own-me"));
        var seen = await agent.ListEntriesAsync(new ListEntriesRequest());
        Assert.Equal([mine.EventId], seen.Entries.Select(e => e.EventId));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await agent.ListEntriesAsync(new ListEntriesRequest { AgentId = "own-other" }));
    }

    [Fact]
    public async Task Every_wrong_filter_is_named()
    {
        var auditor = await As(Tokens.Auditor());
        await Refusal.ExpectFieldsAsync(async () => await auditor.ListEntriesAsync(new ListEntriesRequest
        {
            AgentId = "Not An Agent",
            Operation = "costing*",
            ResourcePrefix = new string('r', 513),
            CorrelationId = "a\0b",
            TraceId = "xyz",
            StartTime = new Timestamp { Seconds = long.MinValue },
            EndTime = new Timestamp { Nanos = -1 },
            Outcome = (Outcome)99,
        }), "agent_id", "operation", "resource_prefix", "correlation_id", "trace_id", "start_time", "end_time", "outcome");
        foreach (var operation in new[] { "*", ".*", "costing.*.*", new string('o', 130) })
            await Refusal.ExpectFieldsAsync(async () => await auditor.ListEntriesAsync(new ListEntriesRequest { Operation = operation }), "operation");
        await Refusal.ExpectFieldsAsync(async () => await auditor.ListEntriesAsync(
            new ListEntriesRequest { StartTime = Noon.ToTimestamp(), EndTime = Noon.ToTimestamp() }), "end_time");
        await Refusal.ExpectFieldsAsync(async () => await auditor.ListEntriesAsync(new ListEntriesRequest { PageSize = -1 }), "page_size");
    }

    [Fact]
    public async Task A_page_token_of_another_list_or_of_no_list_is_refused()
    {
        await AppendAsync(Entries.OfService(resource: "token/1"), Entries.OfService(resource: "token/2"));
        var auditor = await As(Tokens.Auditor());
        var token = (await auditor.ListEntriesAsync(new ListEntriesRequest { ResourcePrefix = "token/", PageSize = 1 })).NextPageToken;
        var fingerprint = Base64Url.DecodeFromChars(token)[..8];
        string Forge(string key) => Base64Url.EncodeToString([.. fingerprint, .. Encoding.UTF8.GetBytes(key)]);

        foreach (var bad in new[] { "AAAA", "not a token!", new string('A', 5_000), Forge("x"), Forge("-1"), Forge("99999999999999999999"), Forge("1 OR true") })
            await Refusal.ExpectFieldsAsync(async () => await auditor.ListEntriesAsync(new ListEntriesRequest { ResourcePrefix = "token/", PageToken = bad }), "page_token");
        await Refusal.ExpectFieldsAsync(async () => await auditor.ListEntriesAsync(new ListEntriesRequest { ResourcePrefix = "tok", PageToken = token }), "page_token");
        Assert.Single((await auditor.ListEntriesAsync(new ListEntriesRequest { ResourcePrefix = "token/", PageToken = token })).Entries);
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);

    private async Task AppendAsync(params AuditEntry[] entries)
    {
        var service = await As(Tokens.Service("costing"));
        await service.AppendEntriesAsync(new AppendEntriesRequest { Entries = { entries } });
    }

    private async Task<List<string>> IdsAsync(ListEntriesRequest request)
    {
        var auditor = await As(Tokens.Auditor());
        return [.. (await auditor.ListEntriesAsync(request)).Entries.Select(e => e.EventId)];
    }
}
