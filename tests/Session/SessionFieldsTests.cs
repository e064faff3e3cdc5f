using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Sessions;

/// <summary>What a session says of itself: how it is given, changed and found.</summary>
public sealed class SessionFieldsTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task Subject_profile_ttl_and_trace_read_back()
    {
        var agent = await As("giver");
        var created = (await agent.CreateSessionAsync(new CreateSessionRequest
        {
            Role = "finance",
            Subject = new Subject { Type = "booking", Id = "B-1 / März" },
            Profile = "careful",
            Ttl = TimeSpan.FromMinutes(5).ToDuration(),
        })).Session;

        Assert.Equal((new Subject { Type = "booking", Id = "B-1 / März" }, "careful", false), (created.Subject, created.Profile, created.LegalHold));
        Assert.Equal(created.CreateTime + TimeSpan.FromMinutes(5).ToDuration(), created.ExpireTime);
        Assert.Matches("^[0-9a-f]{32}$", created.TraceId);
        Assert.Equal(created.TraceId, (await platform.AuditOfAsync($"session/{created.Id}"))[0].TraceId);
        Assert.Equal(created, await agent.ReadAsync(created.Id));
        var plain = await agent.CreateAsync();
        Assert.Null(plain.Subject);
        Assert.Equal(TimeSpan.FromDays(7), plain.Ttl.ToTimeSpan());
    }

    [Fact]
    public async Task An_update_changes_what_its_mask_names_and_nothing_else()
    {
        var agent = await As("changer");
        var session = (await agent.CreateSessionAsync(new CreateSessionRequest { Role = "r", Task = "Old", Profile = "old", Metadata = Json("""{"a": 1}""") })).Session;
        var request = new UpdateSessionRequest { Id = session.Id, UpdateMask = Mask("metadata", "task"), Version = 1, Task = "New", Profile = "ignored", Metadata = Json("""{"b": [2]}""") };
        var updated = (await agent.UpdateSessionAsync(request)).Session;

        Assert.Equal(("New", "old", Json("""{"b": [2]}"""), 2L), (updated.Task, updated.Profile, updated.Metadata, updated.Version));
        Assert.Equal(updated, await agent.ReadAsync(session.Id));
        await Refusal.ExpectAsync(StatusCode.Aborted, "CONCURRENT_UPDATE", async () => await agent.UpdateSessionAsync(request));
        // What the mask names and the request leaves out is emptied.
        var emptied = (await agent.UpdateSessionAsync(new UpdateSessionRequest { Id = session.Id, UpdateMask = Mask("metadata", "profile") })).Session;
        Assert.Equal(("New", "", new Struct()), (emptied.Task, emptied.Profile, emptied.Metadata));
        Assert.Equal("task profile", (await AuditedUpdateAsync(agent)).Metadata.Fields["fields"].StringValue);
    }

    [Fact]
    public async Task Of_many_updates_at_once_from_one_version_one_wins()
    {
        var agent = await As("racer");
        var session = await agent.CreateAsync();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 12).Select(async i =>
        {
            try
            {
                await agent.UpdateSessionAsync(new UpdateSessionRequest { Id = session.Id, UpdateMask = Mask("task"), Task = $"{i}", Version = 1 });
                return $"{i}";
            }
            catch (RpcException e) { return Refusal.From(e).Reason; }
        }));
        var winner = Assert.Single(outcomes, o => o != "CONCURRENT_UPDATE");
        Assert.Equal((winner, 2L), await ReadAsync());

        async Task<(string, long)> ReadAsync()
        {
            var read = await agent.ReadAsync(session.Id);
            return (read.Task, read.Version);
        }
    }

    [Fact]
    public async Task A_legal_hold_is_for_people_and_the_only_thing_that_changes_after_the_end()
    {
        var agent = await As("held");
        var session = await agent.CreateAsync();
        var hold = new UpdateSessionRequest { Id = session.Id, UpdateMask = Mask("legal_hold"), LegalHold = true };
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "LEGAL_HOLD_NOT_YOURS", async () => await agent.UpdateSessionAsync(hold));
        await agent.MoveAsync(session.Id, SessionStatus.Cancelled);

        foreach (var token in new[] { Tokens.Operator(), Tokens.Superuser() })
        {
            var person = await platform.ClientAsync<Client>(token);
            Assert.True((await person.UpdateSessionAsync(hold)).Session.LegalHold);
            await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "SESSION_ENDED",
                async () => await person.UpdateSessionAsync(new UpdateSessionRequest { Id = session.Id, UpdateMask = Mask("legal_hold", "task") }));
        }
    }

    [Fact]
    public async Task A_list_filters_by_subject_time_and_metadata()
    {
        var agent = await As("finder");
        var person = await platform.ClientAsync<Client>(Tokens.Operator());
        var sessions = new List<Session>();
        foreach (var (type, id, metadata) in new[]
        {
            ("booking", "1", """{"tags": ["vip", "rush"], "client": {"city": "Durban"}}"""),
            ("booking", "2", """{"tags": ["vip"], "client": {"city": "Cape Town", "zip": 8001}}"""),
            ("invoice", "1", """{"tags": []}"""),
        })
        {
            var request = new CreateSessionRequest { Role = "r", AgentId = "finder", Subject = new Subject { Type = type, Id = id }, Metadata = Json(metadata) };
            sessions.Add((await person.CreateSessionAsync(request)).Session);
            // Less than a millisecond, in which ids are all the same, and more than one.
            platform.Clock.Advance(sessions.Count == 1 ? TimeSpan.FromMicroseconds(100) : TimeSpan.FromMinutes(1));
        }
        async Task FindsAsync(ListSessionsRequest filter, params int[] expected)
        {
            filter.AgentId = "finder";
            Assert.Equal(expected.Select(i => sessions[i].Id).Order(), (await person.ListSessionsAsync(filter)).Sessions.Select(s => s.Id).Order());
        }

        await FindsAsync(new() { SubjectType = "booking" }, 0, 1);
        await FindsAsync(new() { SubjectType = "booking", SubjectId = "1" }, 0);
        await FindsAsync(new() { SubjectType = "client" });
        await FindsAsync(new() { MetadataContains = """{"tags": ["vip"]}""" }, 0, 1);
        await FindsAsync(new() { MetadataContains = """{"client": {"city": "Durban"}}""" }, 0);
        await FindsAsync(new() { MetadataContains = "{}", SubjectType = "invoice" }, 2);
        await FindsAsync(new() { MetadataContains = """{"client": {"zip": "8001"}}""" });
        await FindsAsync(new() { StartTime = sessions[1].CreateTime }, 1, 2);
        await FindsAsync(new() { EndTime = sessions[1].CreateTime }, 0);
        await FindsAsync(new() { StartTime = sessions[0].CreateTime, EndTime = sessions[2].CreateTime }, 0, 1);
        await FindsAsync(new() { EndTime = new Timestamp { Seconds = -62_135_596_800 } });
        await FindsAsync(new() { StartTime = new Timestamp { Seconds = 253_402_300_799, Nanos = 999_999_999 } });
        await FindsAsync(new() { StartTime = new Timestamp { Seconds = -1_000_000_000 }, EndTime = new Timestamp { Seconds = 253_402_300_799 } }, 0, 1, 2);
    }

    [Fact]
    public async Task Every_wrong_field_is_named_at_once()
    {
        var agent = await As("sloppy");
        var id = (await agent.CreateAsync()).Id;
        await Refusal.ExpectFieldsAsync(async () => await agent.CreateSessionAsync(new CreateSessionRequest
        {
            Role = "r",
            Profile = "No Profile",
            Subject = new Subject { Type = "", Id = new string('s', 257) },
            Ttl = new Duration { Seconds = -1 },
        }), "profile", "subject.type", "subject.id", "ttl");
        foreach (var ttl in new[] { new Duration(), new Duration { Nanos = 5 }, new Duration { Seconds = 367 * 86_400 }, new Duration { Seconds = long.MaxValue }, new Duration { Seconds = 5, Nanos = -1 } })
            await Refusal.ExpectFieldsAsync(async () => await agent.CreateSessionAsync(new CreateSessionRequest { Role = "r", Ttl = ttl }), "ttl");
        await Refusal.ExpectFieldsAsync(async () => await agent.UpdateSessionAsync(new UpdateSessionRequest { Id = id }), "update_mask");
        await Refusal.ExpectFieldsAsync(async () => await agent.UpdateSessionAsync(new UpdateSessionRequest
        {
            Id = "42",
            UpdateMask = Mask("task", "status"),
            Version = -1,
            Task = new string('x', 2_001),
            Profile = "No Profile",
            Metadata = new Struct { Fields = { ["a"] = Value.ForNumber(double.NaN) } },
        }), "id", "update_mask", "version", "task", "profile", "metadata");
        await Refusal.ExpectFieldsAsync(async () => await agent.ListSessionsAsync(new ListSessionsRequest
        {
            SubjectId = "x",
            StartTime = new Timestamp { Seconds = 10 },
            EndTime = new Timestamp { Seconds = 10 },
            MetadataContains = "[1]",
        }), "subject_id", "end_time", "metadata_contains");
        foreach (var json in new[] { "{", "null", "1", """{"a": NaN}""", """{"a\u0000": 1}""", """{"a": "\ud800"}""", string.Concat(Enumerable.Repeat("""{"a":""", 31)) + "{}" + new string('}', 31), new string('[', 4_097) })
            await Refusal.ExpectFieldsAsync(async () => await agent.ListSessionsAsync(new ListSessionsRequest { MetadataContains = json }), [.. Enumerable.Repeat("metadata_contains", json.Length > 4_096 ? 2 : 1)]);
    }

    private Task<Client> As(string agent) => platform.ClientAsync<Client>(Tokens.Agent(agent));

    private async Task<Contracts.Audit.V1.AuditEntry> AuditedUpdateAsync(Client agent)
    {
        var session = await agent.CreateAsync();
        await agent.UpdateSessionAsync(new UpdateSessionRequest { Id = session.Id, UpdateMask = Mask("task", "profile"), Task = "x" });
        return (await platform.AuditOfAsync($"session/{session.Id}", atLeast: 2))[1];
    }

    private static Struct Json(string json) => Struct.Parser.ParseJson(json);

    private static FieldMask Mask(params string[] paths) => new() { Paths = { paths } };
}
