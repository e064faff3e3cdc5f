using AgentPlatform.Contracts.Audit.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Audit.V1.AuditService.AuditServiceClient;

namespace AgentPlatform.Tests.Audits;

public sealed class AppendTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task An_entry_of_a_service_reads_back_as_it_was_sent()
    {
        var entry = Entries.OfService(resource: "costing/whole");
        entry.AgentId = "revenue";
        entry.AgentVersion = "1.2.3";
        entry.Outcome = Outcome.Denied;
        entry.ErrorMessage = "DIGEST_MISMATCH: März ✓";
        entry.ExecutionTimeMs = 12.75;
        entry.AuthorizedBy = "user:sam";
        entry.CorrelationId = "call-1";
        entry.TraceId = "0af7651916cd43dd8448eb211c80319c";
        entry.Metadata = Struct.Parser.ParseJson("""{"lines": [1, 2.5, null, true], "of": {"booking": "B-1"}}""");

        await AppendAsync(await AsService(), entry);
        var read = Assert.Single(await ReadAsync("costing/whole"));

        Assert.NotNull(read.RecordTime);
        // Postgres keeps microseconds.
        Assert.InRange((entry.OccurTime - read.OccurTime).ToTimeSpan(), TimeSpan.Zero, TimeSpan.FromMicroseconds(1));
        (entry.RecordTime, entry.OccurTime) = (read.RecordTime, read.OccurTime);
        (entry.Shard, entry.Position, entry.PreviousHash, entry.Hash) = (read.Shard, read.Position, read.PreviousHash, read.Hash);
        Assert.Equal(entry, read);
    }

    [Fact]
    public async Task An_agents_entry_is_its_own_whatever_it_claims()
    {
        var entry = Entries.OfAgent(resource: "inventory/forged");
        entry.Principal = "user:sam";
        entry.Roles.Add("superuser");
        entry.Service = "costing";
        entry.AgentVersion = "2.0";

        var agent = await AsAgent("forger");
        await agent.AppendEntriesAsync(new AppendEntriesRequest { Entries = { entry } }, new Metadata { { "x-correlation-id", "call-7" } });
        var read = Assert.Single(await ReadAsync("inventory/forged"));

        Assert.Equal(("forger", "agent:forger", "agent"), (read.AgentId, read.Principal, read.Service));
        Assert.Equal(["agent"], read.Roles);
        Assert.Equal(("2.0", Outcome.Ok, "call-7"), (read.AgentVersion, read.Outcome, read.CorrelationId));
        Assert.Matches("^[0-9a-f]{32}$", read.TraceId);
    }

    [Fact]
    public async Task An_agent_that_brings_the_ids_of_an_earlier_call_keeps_them()
    {
        var entry = Entries.OfAgent(resource: "inventory/earlier");
        (entry.CorrelationId, entry.TraceId) = ("earlier", "0af7651916cd43dd8448eb211c80319c");
        await AppendAsync(await AsAgent("keeper"), entry);

        var read = Assert.Single(await ReadAsync("inventory/earlier"));
        Assert.Equal(("earlier", "0af7651916cd43dd8448eb211c80319c"), (read.CorrelationId, read.TraceId));
    }

    [Fact]
    public async Task An_agent_cannot_write_for_another_and_nothing_of_its_batch_is_kept()
    {
        var other = Entries.OfAgent(resource: "inventory/other");
        other.AgentId = "victim";
        var agent = await AsAgent("impostor");

        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", () => AppendAsync(agent, Entries.OfAgent(resource: "inventory/other"), other));
        Assert.Empty(await ReadAsync("inventory/other"));
    }

    [Fact]
    public async Task A_repeat_is_dropped_and_counted_and_changes_nothing()
    {
        var service = await AsService();
        var (first, second) = (Entries.OfService(resource: "costing/repeat"), Entries.OfService(resource: "costing/repeat"));
        Assert.Equal((1, 0), await AppendAsync(service, first));

        var changed = first.Clone();
        changed.Operation = "costing.forged";
        Assert.Equal((1, 2), await AppendAsync(service, changed, second, second));
        Assert.Equal((0, 1), await AppendAsync(service, second));

        Assert.Equal(["costing.decide", "costing.decide"], (await ReadAsync("costing/repeat")).Select(e => e.Operation));
    }

    [Fact]
    public async Task A_batch_sent_by_many_at_once_is_kept_once()
    {
        var service = await AsService();
        var batch = Enumerable.Range(0, 20).Select(_ => Entries.OfService(resource: "costing/race")).ToArray();

        var counts = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => AppendAsync(service, batch)));

        Assert.Equal(batch.Length, counts.Sum(c => c.Appended));
        Assert.All(counts, c => Assert.Equal(batch.Length, c.Appended + c.Repeated));
        Assert.Equal(batch.Length, (await ReadAsync("costing/race")).Count);
    }

    [Fact]
    public async Task A_batch_keeps_its_order()
    {
        var batch = Enumerable.Range(0, 50).Select(i => Entries.OfService($"step.{i:00}", "costing/order")).ToArray();
        // Ids that say nothing about the order.
        foreach (var entry in batch)
            entry.EventId = Guid.NewGuid().ToString();
        await AppendAsync(await AsService(), batch);

        Assert.Equal(batch.Select(e => e.Operation).Reverse(), (await ReadAsync("costing/order")).Select(e => e.Operation));
    }

    [Fact]
    public async Task A_call_with_a_key_has_one_effect_and_one_answer()
    {
        var service = await AsService();
        var request = new AppendEntriesRequest { Entries = { Entries.OfService(resource: "costing/key") } };
        Metadata Key() => new() { { "idempotency-key", "append-1" } };

        var first = await service.AppendEntriesAsync(request, Key());
        Assert.Equal(1, first.AppendedCount);
        // Without the key the answer would be "repeated".
        Assert.Equal(first, await service.AppendEntriesAsync(request, Key()));
    }

    [Fact]
    public async Task A_batch_is_bounded()
    {
        var service = await AsService();
        await Refusal.ExpectFieldsAsync(() => AppendAsync(service), "entries");
        var thousand = Enumerable.Range(0, 1_000).Select(_ => Entries.OfService(resource: "costing/bounded")).ToArray();
        await Refusal.ExpectFieldsAsync(() => AppendAsync(service, [.. thousand, Entries.OfService()]), "entries");
        Assert.Equal((1_000, 0), await AppendAsync(service, thousand));
    }

    public static TheoryData<string, string> WrongEntries => new()
    {
        { "no id", "event_id" }, { "bad id", "event_id" }, { "zero id", "event_id" },
        { "no time", "occur_time" }, { "bad nanos", "occur_time" }, { "bad seconds", "occur_time" },
        { "long version", "agent_version" }, { "bad agent", "agent_id" }, { "long principal", "principal" }, { "nul principal", "principal" },
        { "bad role", "roles" }, { "many roles", "roles" }, { "no service", "service" },
        { "no operation", "operation" }, { "bad operation", "operation" }, { "long operation", "operation" },
        { "no resource", "resource" }, { "long resource", "resource" }, { "nul resource", "resource" },
        { "bad outcome", "outcome" }, { "long error", "error_message" },
        { "negative duration", "execution_time_ms" }, { "nan duration", "execution_time_ms" }, { "infinite duration", "execution_time_ms" },
        { "long authorized_by", "authorized_by" }, { "long correlation", "correlation_id" },
        { "short trace", "trace_id" }, { "upper trace", "trace_id" }, { "large metadata", "metadata" }, { "nan metadata", "metadata" },
        { "nameless metadata", "metadata" },
    };

    [Theory]
    [MemberData(nameof(WrongEntries))]
    public async Task A_wrong_entry_is_named_by_its_place_and_field_and_nothing_is_kept(string kind, string field)
    {
        var service = await AsService();
        var resource = $"costing/wrong {kind}";
        var wrong = Spoil(Entries.OfService(resource: resource), kind);

        await Refusal.ExpectFieldsAsync(() => AppendAsync(service, Entries.OfService(resource: resource), wrong), $"entries[1].{field}");
        Assert.Empty(await ReadAsync(resource));
    }

    [Fact]
    public async Task All_that_is_wrong_with_the_first_bad_entry_is_named_and_no_more()
    {
        var bad = new AuditEntry { ExecutionTimeMs = -1 };
        await Refusal.ExpectFieldsAsync(async () => await AppendAsync(await AsService(), [.. Enumerable.Repeat(bad, 1_000)]),
            "entries[0].event_id", "entries[0].occur_time", "entries[0].service", "entries[0].operation", "entries[0].resource", "entries[0].execution_time_ms");
    }

    [Theory]
    [InlineData(-30, -1)]
    [InlineData(0, 6)]
    public async Task An_agents_clock_is_trusted_within_bounds(int days, int minutes)
    {
        var agent = await AsAgent("clock");
        var entry = Entries.OfAgent();
        entry.OccurTime = (platform.Clock.GetUtcNow() + new TimeSpan(days, 0, minutes, 0)).ToTimestamp();
        await Refusal.ExpectFieldsAsync(() => AppendAsync(agent, entry), "entries[0].occur_time");
    }

    [Theory]
    [InlineData(-30, 1)]
    [InlineData(0, 4)]
    public async Task An_entry_within_the_bounds_of_time_is_kept(int days, int minutes)
    {
        var entry = Entries.OfAgent();
        entry.OccurTime = (platform.Clock.GetUtcNow() + new TimeSpan(days, 0, minutes, 0)).ToTimestamp();
        Assert.Equal((1, 0), await AppendAsync(await AsAgent("clock"), entry));
    }

    [Fact]
    public async Task An_outbox_that_waited_for_months_is_taken()
    {
        var entry = Entries.OfService();
        entry.OccurTime = (platform.Clock.GetUtcNow() - TimeSpan.FromDays(100)).ToTimestamp();
        Assert.Equal((1, 0), await AppendAsync(await AsService(), entry));
    }

    private static AuditEntry Spoil(AuditEntry entry, string kind)
    {
        switch (kind)
        {
            case "no id": entry.EventId = ""; break;
            case "bad id": entry.EventId = "{0197f3c0-0000-7000-8000-000000000000}"; break;
            case "zero id": entry.EventId = Guid.Empty.ToString(); break;
            case "no time": entry.OccurTime = null; break;
            case "bad nanos": entry.OccurTime.Nanos = 1_000_000_000; break;
            case "bad seconds": entry.OccurTime.Seconds = long.MaxValue; break;
            case "long version": entry.AgentVersion = new string('1', 65); break;
            case "bad agent": entry.AgentId = "Nobody Known"; break;
            case "long principal": entry.Principal = new string('p', 257); break;
            case "nul principal": entry.Principal = "a\0b"; break;
            case "bad role": entry.Roles.Add("super,user"); break;
            case "many roles": entry.Roles.Add(Enumerable.Repeat("role", 15)); break;
            case "no service": entry.Service = ""; break;
            case "no operation": entry.Operation = ""; break;
            case "bad operation": entry.Operation = "costing.decide%"; break;
            case "long operation": entry.Operation = new string('o', 129); break;
            case "no resource": entry.Resource = ""; break;
            case "long resource": entry.Resource = new string('r', 513); break;
            case "nul resource": entry.Resource = "costing/\0"; break;
            case "bad outcome": entry.Outcome = (Outcome)99; break;
            case "long error": entry.ErrorMessage = new string('e', 2_001); break;
            case "negative duration": entry.ExecutionTimeMs = -0.001; break;
            case "nan duration": entry.ExecutionTimeMs = double.NaN; break;
            case "infinite duration": entry.ExecutionTimeMs = double.PositiveInfinity; break;
            case "long authorized_by": entry.AuthorizedBy = new string('a', 257); break;
            case "long correlation": entry.CorrelationId = new string('c', 129); break;
            case "short trace": entry.TraceId = "0af76519"; break;
            case "upper trace": entry.TraceId = "0AF7651916CD43DD8448EB211C80319C"; break;
            case "large metadata": entry.Metadata = new Struct { Fields = { ["a"] = Value.ForString(new string('m', 16 * 1024)) } }; break;
            case "nameless metadata": entry.Metadata = new Struct { Fields = { [""] = Value.ForBool(true) } }; break;
            case "nan metadata": entry.Metadata = new Struct { Fields = { ["a"] = Value.ForNumber(double.NaN) } }; break;
            default: throw new ArgumentOutOfRangeException(nameof(kind), kind, "is no kind of wrong entry");
        }
        return entry;
    }

    private Task<Client> AsService() => platform.ClientAsync<Client>(Tokens.Service("costing"));

    private Task<Client> AsAgent(string id) => platform.ClientAsync<Client>(Tokens.Agent(id));

    private static async Task<(int Appended, int Repeated)> AppendAsync(Client client, params AuditEntry[] entries)
    {
        var answer = await client.AppendEntriesAsync(new AppendEntriesRequest { Entries = { entries } });
        return (answer.AppendedCount, answer.RepeatedCount);
    }

    private async Task<IReadOnlyList<AuditEntry>> ReadAsync(string resource)
    {
        var auditor = await platform.ClientAsync<Client>(Tokens.Auditor());
        return (await auditor.ListEntriesAsync(new ListEntriesRequest { ResourcePrefix = resource, PageSize = 500 })).Entries;
    }
}
