using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Sessions;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Sessions;

public sealed class ContextTests(Platform platform) : IClassFixture<Platform>
{
    // Those of RFC 7396, appendix A, whose target and patch are objects; the root of ours always is.
    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"b":"c"}""", """{"a":"b","b":"c"}""")]
    [InlineData("""{"a":"b"}""", """{"a":null}""", "{}")]
    [InlineData("""{"a":"b","b":"c"}""", """{"a":null}""", """{"b":"c"}""")]
    [InlineData("""{"a":["b"]}""", """{"a":"c"}""", """{"a":"c"}""")]
    [InlineData("""{"a":"c"}""", """{"a":["b"]}""", """{"a":["b"]}""")]
    [InlineData("""{"a":{"b":"c"}}""", """{"a":{"b":"d","c":null}}""", """{"a":{"b":"d"}}""")]
    [InlineData("""{"a":[{"b":"c"}]}""", """{"a":[1]}""", """{"a":[1]}""")]
    [InlineData("""{"e":null}""", """{"a":1}""", """{"e":null,"a":1}""")]
    [InlineData("{}", """{"a":{"bb":{"ccc":null}}}""", """{"a":{"bb":{}}}""")]
    [InlineData("""{"a":{"b":1}}""", "{}", """{"a":{"b":1}}""")]
    public void A_merge_patch_does_what_the_rfc_says(string target, string patch, string result)
    {
        var document = Struct.Parser.ParseJson(target);
        ContextRules.Merge(document, Struct.Parser.ParseJson(patch));
        Assert.Equal(Struct.Parser.ParseJson(result), document);
    }

    [Fact]
    public async Task A_context_is_empty_at_first_and_then_what_was_last_written_at_every_instance()
    {
        var agent = await As("sharer");
        await using var other = await platform.StartAnotherAsync("session");
        var elsewhere = platform.Client<Client>(other.GrpcAddress, Tokens.Agent("sharer"));
        var session = await agent.CreateAsync();

        var empty = await ReadAsync(elsewhere, session.Id);
        Assert.Equal((0, 0, 0L), (empty.Version, empty.Document.Fields.Count, empty.Counters["events"]));
        Assert.Null(empty.UpdateTime);

        for (var i = 1; i <= 20; i++)
        {
            var (writer, reader) = i % 2 == 0 ? (agent, elsewhere) : (elsewhere, agent);
            var written = await UpdateAsync(writer, session.Id, $$"""{"step": {{i}}, "s{{i % 3}}": {"n": {{i}} } }""", ("turns", 2));
            Assert.Equal((i, 2L * i), (written.Version, written.Counters["turns"]));
            Assert.Equal(written, await ReadAsync(reader, session.Id));
            if (i % 5 == 0)
                await platform.FlushRedisAsync();
        }
        var last = await ReadAsync(agent, session.Id);
        Assert.Equal(Struct.Parser.ParseJson("""{"step": 20, "s0": {"n": 18}, "s1": {"n": 19}, "s2": {"n": 20}}"""), last.Document);
    }

    [Fact]
    public async Task Of_many_increments_and_patches_at_once_none_is_lost()
    {
        const int Callers = 8, Calls = 20;
        var agent = await As("adders");
        await using var other = await platform.StartAnotherAsync("session");
        var clients = new[] { agent, platform.Client<Client>(other.GrpcAddress, Tokens.Agent("adders")) };
        var session = await agent.CreateAsync();

        await Task.WhenAll(Enumerable.Range(0, Callers).Select(async caller =>
        {
            for (var call = 0; call < Calls; call++)
            {
                await UpdateAsync(clients[caller % 2], session.Id, $$"""{"c{{caller}}": {"k{{call}}": true } }""", ("sum", call), ("calls", 1));
                await clients[caller % 2].AppendAsync(session.Id);
            }
        }));

        var context = await ReadAsync(agent, session.Id);
        Assert.Equal((Callers * Calls, Callers * Calls, Callers * (long)(Calls * (Calls - 1) / 2)), (context.Version, context.Counters["calls"], context.Counters["sum"]));
        Assert.Equal(Callers * Calls, context.Counters["events"]);
        Assert.All(Enumerable.Range(0, Callers), caller => Assert.Equal(Calls, context.Document.Fields[$"c{caller}"].StructValue.Fields.Count));
    }

    [Fact]
    public async Task An_update_from_an_old_version_is_refused()
    {
        var agent = await As("stale");
        var session = await agent.CreateAsync();
        var request = new UpdateContextRequest { SessionId = session.Id, Increments = { ["n"] = 1 }, ExpectedVersion = 0 };
        await agent.UpdateContextAsync(request);
        await Refusal.ExpectAsync(StatusCode.Aborted, "CONCURRENT_UPDATE", async () => await agent.UpdateContextAsync(request));
        request.ExpectedVersion = 1;
        Assert.Equal(2, (await agent.UpdateContextAsync(request)).Context.Counters["n"]);
    }

    [Theory]
    [InlineData(long.MaxValue, 1)]
    [InlineData(long.MinValue, -1)]
    [InlineData(long.MinValue, long.MinValue)]
    public async Task A_counter_that_would_overflow_changes_nothing(long start, long increment)
    {
        var agent = await As("overflow");
        var session = await agent.CreateAsync();
        var before = await UpdateAsync(agent, session.Id, """{"kept": true}""", ("n", start));
        Assert.Equal(start, (await ReadAsync(agent, session.Id)).Counters["n"]);
        var refusal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "COUNTER_OVERFLOW", () => UpdateAsync(agent, session.Id, """{"kept": null}""", ("a", 1), ("n", increment)));
        Assert.Equal("n", refusal.Facts["counter"]);
        Assert.Equal(before, await ReadAsync(agent, session.Id));
        // And back from the very edge.
        var back = increment < 0 ? 1 : -1;
        Assert.Equal(start + back, (await UpdateAsync(agent, session.Id, "{}", ("n", back))).Counters["n"]);
    }

    [Fact]
    public async Task What_does_not_fit_is_refused()
    {
        var agent = await As("large");
        var session = await agent.CreateAsync();
        var half = new string('x', 40 * 1024);
        await UpdateAsync(agent, session.Id, $$"""{"a": "{{half}}"}""");
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "CONTEXT_TOO_LARGE", () => UpdateAsync(agent, session.Id, $$"""{"b": "{{half}}"}"""));
        await UpdateAsync(agent, session.Id, $$"""{"a": null, "b": "{{half}}"}""");
        await Refusal.ExpectFieldsAsync(() => UpdateAsync(agent, session.Id, $$"""{"c": "{{half}}{{half}}"}"""), "merge_patch");

        await UpdateAsync(agent, session.Id, "{}", [.. Enumerable.Range(0, 100).Select(i => ($"n{i}", 1L))]);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "TOO_MANY_COUNTERS", () => UpdateAsync(agent, session.Id, "{}", ("n100", 1)));
        Assert.Equal(2, (await UpdateAsync(agent, session.Id, "{}", ("n99", 1))).Counters["n99"]);
    }

    [Theory]
    [InlineData(30, "")]
    [InlineData(31, Errors.InvalidFieldReason)]
    [InlineData(100, "MALFORMED_MESSAGE")]
    public async Task A_patch_is_nested_so_deep_and_no_deeper(int depth, string reason)
    {
        var agent = await As("deep");
        var session = await agent.CreateAsync();
        var patch = new Struct { Fields = { ["n"] = Value.ForNumber(1) } };
        for (var i = 1; i < depth; i++)
            patch = new Struct { Fields = { ["a"] = Value.ForStruct(patch) } };
        async Task SendAsync() => await agent.UpdateContextAsync(new UpdateContextRequest { SessionId = session.Id, MergePatch = patch });
        if (reason.Length > 0)
        {
            await Refusal.ExpectAsync(StatusCode.InvalidArgument, reason, SendAsync);
            return;
        }
        await SendAsync();
        Assert.Equal(patch, (await ReadAsync(agent, session.Id)).Document);
    }

    [Fact]
    public async Task Every_wrong_field_is_named()
    {
        var agent = await As("sloppy");
        var id = (await agent.CreateAsync()).Id;
        await Refusal.ExpectFieldsAsync(async () => await agent.UpdateContextAsync(new UpdateContextRequest { SessionId = "42", ExpectedVersion = -1 }), "session_id", "merge_patch", "expected_version");
        await Refusal.ExpectFieldsAsync(() => UpdateAsync(agent, id, "{}", ("events", 1)), "increments");
        await Refusal.ExpectFieldsAsync(() => UpdateAsync(agent, id, "{}", ("Not A Name", 1)), "increments");
        await Refusal.ExpectFieldsAsync(() => UpdateAsync(agent, id, "{}", [.. Enumerable.Range(0, 101).Select(i => ($"n{i}", 1L))]), "increments");
        await Refusal.ExpectFieldsAsync(async () => await agent.GetContextAsync(new GetContextRequest { SessionId = "" }), "session_id");
        Assert.Equal(0, (await ReadAsync(agent, id)).Version);
    }

    [Fact]
    public async Task An_ended_sessions_context_stays_as_it_is_and_anothers_is_as_if_it_were_not_there()
    {
        var agent = await As("ended");
        var session = await agent.CreateAsync();
        var thief = await As("thief");
        await Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND", () => UpdateAsync(thief, session.Id, "{}", ("n", 1)));
        await Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND", () => ReadAsync(thief, session.Id));
        await Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND", () => UpdateAsync(agent, Guid.CreateVersion7().ToString(), "{}", ("n", 1)));

        var last = await UpdateAsync(agent, session.Id, """{"a": 1}""", ("n", 1));
        await agent.MoveAsync(session.Id, SessionStatus.Cancelled);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "SESSION_ENDED", () => UpdateAsync(agent, session.Id, "{}", ("n", 1)));
        Assert.Equal(last, await ReadAsync(agent, session.Id));
    }

    [Fact]
    public async Task A_change_takes_two_round_trips_and_a_read_one()
    {
        var agent = await As("counted");
        var session = await agent.CreateAsync();
        using var counter = new RoundTripCounter();
        Assert.Equal(2, await counter.CountAsync(() => UpdateAsync(agent, session.Id, """{"a": 1}""", ("n", 1))));
        Assert.Equal(1, await counter.CountAsync(() => ReadAsync(agent, session.Id)));
        var entry = (await platform.AuditOfAsync($"session/{session.Id}", atLeast: 2))[1];
        Assert.Equal(("session.update_context", "a", "n"), (entry.Operation, entry.Metadata.Fields["members"].StringValue, entry.Metadata.Fields["counters"].StringValue));
    }

    private Task<Client> As(string agent) => platform.ClientAsync<Client>(Tokens.Agent(agent));

    private static async Task<SessionContext> ReadAsync(Client client, string id) => (await client.GetContextAsync(new GetContextRequest { SessionId = id })).Context;

    private static async Task<SessionContext> UpdateAsync(Client client, string id, string patch, params (string Name, long By)[] increments)
    {
        var request = new UpdateContextRequest { SessionId = id, MergePatch = Struct.Parser.ParseJson(patch) };
        foreach (var (name, by) in increments)
            request.Increments[name] = by;
        return (await client.UpdateContextAsync(request)).Context;
    }
}
