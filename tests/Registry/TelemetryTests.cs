using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Registry.V1.TelemetryService.TelemetryServiceClient;

namespace AgentPlatform.Tests.Registries;

public sealed class TelemetryTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public TelemetryTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["registry"] = new Dictionary<string, string> { ["Telemetry:SweepEvery"] = "00:00:00.2", ["Telemetry:Retention"] = "10.00:00:00" };
    }

    [Fact]
    public async Task Points_come_back_as_they_were_sent_newest_first_and_paged()
    {
        var agent = await As(Tokens.Agent("measured"));
        var sent = Enumerable.Range(0, 120).Select(i => Point(i, p =>
        {
            p.CpuPercent = i % 100;
            p.MemoryBytes = 1L << 40;
            p.Numbers["queue_depth"] = i / 3.0;
            p.Details = Struct.Parser.ParseJson("""{"disks": [{"name": "sda", "ok": true}]}""");
        })).ToList();
        // What was not measured is not zero.
        sent[7] = Point(7);
        Assert.Equal((120L, 0L), Of(await agent.ReportTelemetryAsync(new ReportTelemetryRequest { Points = { sent } })));

        var read = await ReadAllAsync(agent, "measured", pageSize: 50);
        Assert.All(read, p => Assert.NotNull(p.ReceiveTime));
        Assert.Equal(sent.AsEnumerable().Reverse(), read.Select(Without));
        Assert.False(read[^8].HasCpuPercent);
        var some = (await agent.QueryTelemetryAsync(new QueryTelemetryRequest { AgentId = "measured", StartTime = sent[10].Time, EndTime = sent[13].Time })).Points;
        Assert.Equal([sent[12], sent[11], sent[10]], some.Select(Without));
    }

    [Fact]
    public async Task Points_that_are_sent_again_are_dropped_also_at_another_instance_and_within_a_call()
    {
        await using var other = await _platform.StartAnotherAsync("registry");
        Client[] agents = [await As(Tokens.Agent("again")), _platform.Client<Client>(other.GrpcAddress, Tokens.Agent("again"))];
        var points = Enumerable.Range(0, 50).Select(i => Point(i)).ToList();
        var counts = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i => Of(await agents[i % 2].ReportTelemetryAsync(new ReportTelemetryRequest { Points = { points } }))));
        Assert.Equal((50, 350), (counts.Sum(c => c.Accepted), counts.Sum(c => c.Repeated)));
        var more = Point(51);
        Assert.Equal((1L, 2L), Of(await agents[0].ReportTelemetryAsync(new ReportTelemetryRequest { Points = { more, points[0], more } })));
        // The same time with another sequence is another point.
        var sibling = more.Clone();
        sibling.Sequence++;
        Assert.Equal((1L, 0L), Of(await agents[1].ReportTelemetryAsync(new ReportTelemetryRequest { Points = { sibling } })));
        Assert.Equal([52L], await _platform.SqlAsync<long>("SELECT count(*) FROM registry.telemetry WHERE agent_id = 'again'"));
    }

    [Fact]
    public async Task What_many_agents_send_at_once_is_all_there()
    {
        var agents = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => As(Tokens.Agent($"crowd-{i}"))));
        await Task.WhenAll(agents.Select(async agent =>
        {
            for (var i = 0; i < 10; i++)
                Assert.Equal((5L, 0L), Of(await agent.ReportTelemetryAsync(new ReportTelemetryRequest { Points = { Enumerable.Range(i * 5, 5).Select(n => Point(n)) } })));
        }));
        Assert.Equal([1_000L], await _platform.SqlAsync<long>("SELECT count(*) FROM registry.telemetry WHERE agent_id LIKE 'crowd-%'"));
    }

    [Fact]
    public async Task A_stream_is_answered_when_all_of_it_is_durable()
    {
        var agent = await As(Tokens.Agent("streaming"));
        using var stream = agent.StreamTelemetry();
        for (var i = 0; i < 20; i++)
            await stream.RequestStream.WriteAsync(new StreamTelemetryRequest { Points = { Enumerable.Range(i * 90, 100).Select(n => Point(n)) } });
        await stream.RequestStream.CompleteAsync();
        var answer = await stream;
        // Each message begins with the last ten of the one before.
        Assert.Equal((1_810L, 190L), (answer.Accepted, answer.Repeated));
        Assert.Equal([1_810L], await _platform.SqlAsync<long>("SELECT count(*) FROM registry.telemetry WHERE agent_id = 'streaming'"));

        using var bad = agent.StreamTelemetry();
        await bad.RequestStream.WriteAsync(new StreamTelemetryRequest { Points = { Point(2_000) } });
        await bad.RequestStream.WriteAsync(new StreamTelemetryRequest { Points = { Point(2_001), Point(2_002, p => p.CpuPercent = double.NaN) } });
        await Refusal.ExpectFieldsAsync(async () => await bad, "points[1].cpu_percent");
        // The message before was taken, the bad one not at all.
        Assert.Equal([1_811L], await _platform.SqlAsync<long>("SELECT count(*) FROM registry.telemetry WHERE agent_id = 'streaming'"));
    }

    [Fact]
    public async Task Windows_sum_up_each_field_by_itself()
    {
        var agent = await As(Tokens.Agent("summed"));
        var minute = At(0).ToDateTimeOffset();
        minute = minute.AddTicks(-(minute.Ticks % TimeSpan.TicksPerMinute));
        TelemetryPoint At2(int second, double? cpu, double? depth)
        {
            var point = new TelemetryPoint { Time = minute.AddSeconds(second).ToTimestamp() };
            if (cpu is { } c)
                point.CpuPercent = c;
            if (depth is { } d)
                point.Numbers["depth"] = d;
            return point;
        }
        await agent.ReportTelemetryAsync(new ReportTelemetryRequest { Points = { At2(0, 10, 1), At2(59, 20, null), At2(30, 60, -4), At2(60, 5, null), At2(180, 7, 7) } });
        var windows = (await agent.QueryTelemetryWindowsAsync(new QueryTelemetryWindowsRequest
        {
            AgentId = "summed",
            StartTime = minute.ToTimestamp(),
            EndTime = minute.AddMinutes(3).ToTimestamp(),
            Window = Duration.FromTimeSpan(TimeSpan.FromMinutes(1)),
            Fields = { "cpu_percent", "depth", "missing" },
        })).Windows;
        Assert.Equal([minute.AddMinutes(1).ToTimestamp(), minute.ToTimestamp()], windows.Select(w => w.StartTime));
        Assert.Equal(new TelemetrySummary { Min = 10, Max = 60, Avg = 30, Last = 20, Count = 3 }, windows[1].Fields["cpu_percent"]);
        Assert.Equal(new TelemetrySummary { Min = -4, Max = 1, Avg = -1.5, Last = -4, Count = 2 }, windows[1].Fields["depth"]);
        Assert.Equal(["cpu_percent"], windows[0].Fields.Keys);
    }

    [Fact]
    public async Task An_agent_reads_its_own_only()
    {
        var agent = await As(Tokens.Agent("nosy"));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await agent.QueryTelemetryAsync(new QueryTelemetryRequest { AgentId = "measured" }));
        var now = _platform.Clock.GetUtcNow();
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await agent.QueryTelemetryWindowsAsync(new QueryTelemetryWindowsRequest
        {
            AgentId = "measured", StartTime = now.AddHours(-1).ToTimestamp(), EndTime = now.ToTimestamp(), Window = Duration.FromTimeSpan(TimeSpan.FromMinutes(1)), Fields = { "cpu_percent" },
        }));
    }

    [Fact]
    public async Task Bad_points_and_questions_are_refused_with_their_fields()
    {
        var agent = await As(Tokens.Agent("bad"));
        Task RefusedAsync(Action<TelemetryPoint> spoil, params string[] fields) => Refusal.ExpectFieldsAsync(
            async () => await agent.ReportTelemetryAsync(new ReportTelemetryRequest { Points = { Point(0), Point(1, spoil) } }), [.. fields.Select(f => $"points[1].{f}")]);

        await Refusal.ExpectFieldsAsync(async () => await agent.ReportTelemetryAsync(new ReportTelemetryRequest()), "points");
        await Refusal.ExpectFieldsAsync(async () => await agent.ReportTelemetryAsync(new ReportTelemetryRequest { Points = { Enumerable.Range(0, 1_001).Select(i => Point(i)) } }), "points");
        await RefusedAsync(p => p.Time = null, "time");
        await RefusedAsync(p => p.Time = _platform.Clock.GetUtcNow().AddMinutes(6).ToTimestamp(), "time");
        await RefusedAsync(p => p.Time = _platform.Clock.GetUtcNow().AddDays(-8).ToTimestamp(), "time");
        await RefusedAsync(p => p.Time = new Timestamp { Seconds = long.MaxValue }, "time");
        foreach (var number in new[] { double.NaN, double.PositiveInfinity, double.NegativeInfinity, 140, -1 })
            await RefusedAsync(p => p.CpuPercent = number, "cpu_percent");
        await RefusedAsync(p => p.Numbers["x"] = double.NaN, "numbers[\"x\"]");
        await RefusedAsync(p => p.Numbers["x"] = double.NegativeInfinity, "numbers[\"x\"]");
        await RefusedAsync(p => p.Numbers["cpu_percent"] = 1, "numbers[\"cpu_percent\"]");
        await RefusedAsync(p => p.Numbers["Not a name"] = 1, "numbers[\"Not a name\"]");
        await RefusedAsync(p => { foreach (var i in Enumerable.Range(0, 65)) p.Numbers[$"n{i}"] = i; }, "numbers");
        await RefusedAsync(p => { p.Sequence = -1; p.MemoryBytes = -1; p.DiskBytes = -1; }, "sequence", "memory_bytes", "disk_bytes");
        await RefusedAsync(p => p.Details = new Struct { Fields = { ["t"] = Value.ForString(new string('x', 16 * 1024)) } }, "details");
        Assert.Equal([0L], await _platform.SqlAsync<long>("SELECT count(*) FROM registry.telemetry WHERE agent_id = 'bad'"));

        var now = _platform.Clock.GetUtcNow();
        Task AskAsync(DateTimeOffset from, DateTimeOffset to, double windowSeconds, params string[] names) => agent.QueryTelemetryWindowsAsync(new QueryTelemetryWindowsRequest
        {
            AgentId = "bad", StartTime = from.ToTimestamp(), EndTime = to.ToTimestamp(), Window = Duration.FromTimeSpan(TimeSpan.FromSeconds(windowSeconds)), Fields = { names },
        }).ResponseAsync;
        await Refusal.ExpectFieldsAsync(() => AskAsync(now, now, 60, "a"), "end_time");
        await Refusal.ExpectFieldsAsync(() => AskAsync(now.AddDays(-32), now, 86_400, "a"), "end_time");
        await Refusal.ExpectFieldsAsync(() => AskAsync(now.AddDays(-1), now, 1, "a"), "window");
        await Refusal.ExpectFieldsAsync(() => AskAsync(now.AddDays(-1), now, 0.5, "a"), "window");
        await Refusal.ExpectFieldsAsync(() => AskAsync(now.AddDays(-1), now, 3_600), "fields");
        await Refusal.ExpectFieldsAsync(() => AskAsync(now.AddDays(-1), now, 3_600, "numbers ->> 'x'"), "fields[0]");
        await Refusal.ExpectFieldsAsync(async () => await agent.QueryTelemetryAsync(new QueryTelemetryRequest { AgentId = "bad", PageToken = "bm8gdG9rZW4" }), "page_token");
    }

    [Fact]
    public async Task Days_are_made_ahead_and_dropped_when_their_time_is_over()
    {
        await using var other = await _platform.StartAnotherAsync("registry");
        var agent = await As(Tokens.Agent("aging"));
        await agent.ReportTelemetryAsync(new ReportTelemetryRequest { Points = { Point(0) } });
        var day = $"telemetry_{_platform.Clock.GetUtcNow().UtcDateTime:yyyyMMdd}";
        await Eventually.TrueAsync(async () => (await DaysAsync()).Contains($"telemetry_{_platform.Clock.GetUtcNow().UtcDateTime.AddDays(2):yyyyMMdd}"), "the day after tomorrow is ready");

        _platform.Clock.Advance(TimeSpan.FromDays(12));
        // Whether the sweeper has come round or not, a new day takes points.
        Assert.Equal((1L, 0L), Of(await agent.ReportTelemetryAsync(new ReportTelemetryRequest { Points = { Point(0) } })));
        await Eventually.TrueAsync(async () => !(await DaysAsync()).Contains(day), "the old day is dropped");
        Assert.Single(await ReadAllAsync(agent, "aging", 50));
        await Eventually.TrueAsync(async () => (await _platform.AuditOfAsync("telemetry")).Any(e => e.Operation == "telemetry.remove"), "it is on record");
    }

    [Fact]
    public async Task A_key_is_good_for_the_same_points_alone()
    {
        var agent = await As(Tokens.Agent("keyed"));
        // Each call its own, since the client adds the token to it.
        static Metadata Key() => new() { { IdempotencyInterceptor.KeyHeader, "telemetry-key" } };
        await agent.ReportTelemetryAsync(new ReportTelemetryRequest { Points = { Point(0) } }, Key());
        await Refusal.ExpectAsync(StatusCode.InvalidArgument, "IDEMPOTENCY_KEY_REUSED", async () => await agent.ReportTelemetryAsync(new ReportTelemetryRequest { Points = { Point(1) } }, Key()));
        Assert.Equal([1L], await _platform.SqlAsync<long>("SELECT count(*) FROM registry.telemetry WHERE agent_id = 'keyed'"));
    }

    private Task<Client> As(string token) => _platform.ClientAsync<Client>(token);

    private Task<List<string>> DaysAsync() => _platform.SqlAsync<string>("SELECT c.relname::text FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'registry.telemetry'::regclass AND c.relkind = 'r'");

    // An hour ago and a second more for each, so that none is ahead; to the microsecond, as they are kept.
    private Timestamp At(int second)
    {
        var hourAgo = _platform.Clock.GetUtcNow().AddHours(-1);
        return hourAgo.AddTicks(-(hourAgo.Ticks % TimeSpan.TicksPerHour)).AddSeconds(second).ToTimestamp();
    }

    private TelemetryPoint Point(int second, Action<TelemetryPoint>? change = null)
    {
        var point = new TelemetryPoint { Time = At(second), Sequence = second, Details = new Struct() };
        change?.Invoke(point);
        return point;
    }

    private static TelemetryPoint Without(TelemetryPoint point) => new(point) { ReceiveTime = null };

    private static (long Accepted, long Repeated) Of(ReportTelemetryResponse answer) => (answer.Accepted, answer.Repeated);

    private static async Task<List<TelemetryPoint>> ReadAllAsync(Client agent, string agentId, int pageSize)
    {
        var (points, token) = (new List<TelemetryPoint>(), "");
        do
        {
            var page = await agent.QueryTelemetryAsync(new QueryTelemetryRequest { AgentId = agentId, PageSize = pageSize, PageToken = token });
            points.AddRange(page.Points);
            token = page.NextPageToken;
        } while (token.Length > 0);
        return points;
    }
}
