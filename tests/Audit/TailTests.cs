using AgentPlatform.Contracts.Audit.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Audit.V1.AuditService.AuditServiceClient;

namespace AgentPlatform.Tests.Audits;

public sealed class TailTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_tail_from_now_shows_what_comes_and_nothing_that_was()
    {
        await AppendAsync("tail.before", 3);
        using var tail = await TailAsync(new TailEntriesRequest { Operation = "tail.*" });
        await tail.ResponseStream.MoveNext();

        var sent = await AppendAsync("tail.after", 3);

        Assert.Equal(sent, await ReadAsync(tail, 3));
    }

    [Fact]
    public async Task A_tail_that_was_broken_off_goes_on_with_nothing_skipped_or_twice_while_two_instances_write()
    {
        await using var other = await platform.StartAnotherAsync("audit");
        var clients = new[] { await platform.ClientAsync<Client>(Tokens.Service("costing")), platform.Client<Client>(other.GrpcAddress, Tokens.Service("costing")) };
        using var first = await TailAsync(new TailEntriesRequest { Operation = "resume.run" });
        await first.ResponseStream.MoveNext();
        var token = first.ResponseStream.Current.ResumeToken;

        var writing = Task.WhenAll(clients.SelectMany(c => Enumerable.Range(0, 4).Select(_ => WriteAsync(c, 25))));
        var seen = new List<string>();
        while (seen.Count < 200)
        {
            // A new stream for each answer or two: the worst of connections.
            using var tail = await TailAsync(new TailEntriesRequest { Operation = "resume.run", ResumeToken = token });
            for (var i = 0; i < 3 && seen.Count < 200; i++)
            {
                await tail.ResponseStream.MoveNext();
                token = tail.ResponseStream.Current.ResumeToken;
                seen.AddRange(tail.ResponseStream.Current.Entries.Select(e => e.EventId));
            }
        }
        var sent = (await writing).SelectMany(ids => ids).ToList();

        Assert.Equal(200, sent.Count);
        Assert.Equal(sent.Order(), seen.Order());
        Assert.Contains("1:", token, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tail_from_the_beginning_shows_all()
    {
        var sent = await AppendAsync("begin.run", 5);
        using var tail = await TailAsync(new TailEntriesRequest { Operation = "begin.run", FromBeginning = true });
        Assert.Equal(sent, await ReadAsync(tail, 5));
    }

    [Fact]
    public async Task An_agent_gets_its_own_only()
    {
        var agent = await platform.ClientAsync<Client>(Tokens.Agent("tailer"));
        using var tail = agent.TailEntries(new TailEntriesRequest());
        await tail.ResponseStream.MoveNext();
        await AppendAsync("other.run", 3);
        var own = (await agent.LogActionAsync(new LogActionRequest { Entry = new AuditEntry { Operation = "own.run", Resource = "own/1" } })).EventId;

        Assert.Equal([own], await ReadAsync(tail, 1));
        using var others = agent.TailEntries(new TailEntriesRequest { AgentId = "somebody" });
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", () => others.ResponseStream.MoveNext());
    }

    [Fact]
    public async Task A_position_beyond_the_end_or_no_position_is_refused()
    {
        await AppendAsync("end.run", 1);
        using (var beyond = await TailAsync(new TailEntriesRequest { ResumeToken = "0:999999999" }))
            await Refusal.ExpectAsync(StatusCode.OutOfRange, "POSITION_BEYOND_END", () => beyond.ResponseStream.MoveNext());
        foreach (var bad in new[] { "x", "0", "0:-1", "64:1", "0:1;1:2", "0:99999999999999999999" })
        {
            using var tail = await TailAsync(new TailEntriesRequest { ResumeToken = bad });
            await Refusal.ExpectFieldsAsync(() => tail.ResponseStream.MoveNext(), "resume_token");
        }
    }

    private async Task<AsyncServerStreamingCall<TailEntriesResponse>> TailAsync(TailEntriesRequest request) =>
        (await platform.ClientAsync<Client>(Tokens.Auditor())).TailEntries(request, deadline: TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(30));

    private static async Task<List<string>> ReadAsync(AsyncServerStreamingCall<TailEntriesResponse> tail, int count)
    {
        var seen = new List<string>();
        while (seen.Count < count && await tail.ResponseStream.MoveNext())
            seen.AddRange(tail.ResponseStream.Current.Entries.Select(e => e.EventId));
        return seen;
    }

    private async Task<List<string>> AppendAsync(string operation, int count)
    {
        var entries = Enumerable.Range(0, count).Select(_ => Entries.OfService(operation)).ToList();
        await (await platform.ClientAsync<Client>(Tokens.Service("costing"))).AppendEntriesAsync(new AppendEntriesRequest { Entries = { entries } });
        return [.. entries.Select(e => e.EventId)];
    }

    private static async Task<List<string>> WriteAsync(Client client, int count)
    {
        var ids = new List<string>();
        for (var i = 0; i < count; i++)
            ids.Add((await client.LogActionAsync(new LogActionRequest { Entry = Entries.OfService("resume.run") })).EventId);
        return ids;
    }
}
