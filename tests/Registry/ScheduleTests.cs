using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Registry;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Npgsql;
using static AgentPlatform.Contracts.Registry.V1.ScheduleRunOutcome;
using Client = AgentPlatform.Contracts.Registry.V1.ScheduleService.ScheduleServiceClient;
using Tasks = AgentPlatform.Contracts.Registry.V1.AgentTaskService.AgentTaskServiceClient;

namespace AgentPlatform.Tests.Registries;

/// <summary>Which ticks make tasks, with a clock that is moved by hand.</summary>
public sealed class ScheduleTests : IClassFixture<Platform>, IAsyncLifetime
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly Platform _platform;

    public ScheduleTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["registry"] = new() { ["Schedules:SweepEvery"] = "00:00:00.1" };
    }

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    // Or the next test's jumps would bring them thousands of ticks.
    public async ValueTask DisposeAsync() => await _platform.SqlAsync<int>("UPDATE registry.schedules SET enabled = false, next_at = NULL WHERE enabled");

    [Fact]
    public async Task Each_tick_makes_its_task_once_however_many_instances_there_are()
    {
        await using var second = await _platform.StartAnotherAsync("registry");
        await using var third = await _platform.StartAnotherAsync("registry");
        var client = await PersonAsync();
        string[] names = ["shared-1", "shared-2", "shared-3"];
        var made = new List<Schedule>();
        foreach (var name in names)
            made.Add(await CreateAsync(client, name, "* * * * *", MissedRunPolicy.All));
        var start = made[0].NextTime.ToDateTimeOffset();
        // One tick, then some at once, then more than an hour of them.
        foreach (var jump in new[] { 1, 3, 70 })
        {
            _platform.Clock.Advance(jump * Minute);
            await WaitUntilTakenAsync(client, made);
        }

        foreach (var schedule in made)
        {
            var runs = await client.RunsAsync(schedule.Id);
            Assert.True(runs.Count >= 74 && runs.All(r => r is { Outcome: Created, TaskCount: 1, TriggeredBy: "" }));
            Assert.Equal(runs.Select((_, i) => schedule.NextTime.ToDateTimeOffset() + i * Minute), runs.Select(r => r.TickTime.ToDateTimeOffset()));
            var origins = await _platform.SqlAsync<string>("SELECT id || ' ' || origin FROM registry.tasks WHERE agent_id = $1 ORDER BY id", schedule.Name);
            Assert.Equal(runs.Select(r => $"{r.TaskIds.Single()} schedule/{schedule.Id}/{r.TickTime.ToDateTime():yyyy-MM-dd'T'HH:mm'Z'}"), origins);
        }
        var entry = (await _platform.AuditOfAsync($"schedule/{made[0].Id}", 2))[1];
        Assert.Equal(("schedule.run", "service/registry"), (entry.Operation, entry.Principal));
    }

    [Fact]
    public async Task Missed_ticks_are_left_out_or_the_last_is_taken_or_all()
    {
        var client = await PersonAsync();
        AlignTo(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(5));
        var skip = await CreateAsync(client, "missed-skip", "*/10 * * * *", MissedRunPolicy.Skip);
        var once = await CreateAsync(client, "missed-once", "*/10 * * * *");
        var all = await CreateAsync(client, "missed-all", "*/10 * * * *", MissedRunPolicy.All);
        var first = skip.NextTime.ToDateTimeOffset();
        Assert.Equal(MissedRunPolicy.Once, once.Spec.MissedRuns);

        // Nobody is there for an hour.
        await _platform.StopAsync("registry");
        _platform.Clock.Advance(TimeSpan.FromHours(1));
        client = await PersonAsync();
        await WaitUntilTakenAsync(client, [skip, once, all]);

        var last = first + TimeSpan.FromMinutes(50);
        var next = first + TimeSpan.FromHours(1);
        Assert.Equal([(Skipped, first, next)], await StoryAsync(client, skip));
        Assert.Equal([(Skipped, first, last), (Created, last, null)], await StoryAsync(client, once));
        Assert.Equal(Enumerable.Range(0, 6).Select(i => (Created, first + i * TimeSpan.FromMinutes(10), (DateTimeOffset?)null)), await StoryAsync(client, all));
        Assert.All(new[] { await client.GetAsync(skip.Id), await client.GetAsync(once.Id), await client.GetAsync(all.Id) }, s => Assert.Equal(next, s.NextTime.ToDateTimeOffset()));
        Assert.Equal((null, last), ((await client.GetAsync(skip.Id)).LastTime, (await client.GetAsync(once.Id)).LastTime.ToDateTimeOffset()));

        // On time again, all of them.
        _platform.Clock.Advance(TimeSpan.FromMinutes(5));
        await WaitUntilTakenAsync(client, [skip, once, all]);
        foreach (var schedule in new[] { skip, once, all })
            Assert.Equal((Created, next, null), (await StoryAsync(client, schedule))[^1]);
    }

    [Fact]
    public async Task It_is_measured_how_late_a_task_is_made_and_what_comes_of_ticks()
    {
        var (delays, outcomes) = (new ConcurrentBag<double>(), new ConcurrentBag<string>());
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Name.StartsWith("agentplatform.schedules.", StringComparison.Ordinal))
                    self.EnableMeasurementEvents(instrument);
            },
        };
        listener.SetMeasurementEventCallback<double>((_, seconds, _, _) => delays.Add(seconds));
        listener.SetMeasurementEventCallback<long>((_, _, tags, _) => outcomes.Add((string)tags[0].Value!));
        listener.Start();
        var client = await PersonAsync();
        AlignTo(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(5));
        // The tick before last is made up for seven minutes late.
        await PassAsync(client, await CreateAsync(client, "measured", "*/10 * * * *"), TimeSpan.FromMinutes(12) + TimeSpan.FromMinutes(10));
        Assert.Contains(delays, d => d is >= 420 and < 480);
        Assert.Superset(new HashSet<string> { "created", "skipped" }, outcomes.ToHashSet());
    }

    [Fact]
    public async Task Of_very_many_missed_ticks_the_last_hundred_are_taken()
    {
        var client = await PersonAsync();
        AlignTo(Minute, TimeSpan.FromSeconds(20));
        var schedule = await CreateAsync(client, "missed-many", "* * * * *", MissedRunPolicy.All);
        _platform.Clock.Advance(TimeSpan.FromDays(3));
        await WaitUntilTakenAsync(client, [schedule]);

        var story = await StoryAsync(client, schedule);
        var firstTaken = schedule.NextTime.ToDateTimeOffset() + TimeSpan.FromDays(3) - 100 * Minute;
        Assert.Equal((Skipped, schedule.NextTime.ToDateTimeOffset(), firstTaken), story[0]);
        Assert.Equal(story.Skip(1).Select((_, i) => (Created, firstTaken + i * Minute, (DateTimeOffset?)null)), story.Skip(1));
        Assert.InRange(story.Count, 101, 105);
    }

    [Fact]
    public async Task A_clock_that_jumps_back_brings_no_tick_twice_and_one_that_was_far_ahead_can_be_set_right()
    {
        var client = await PersonAsync();
        AlignTo(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(5));
        var schedule = await CreateAsync(client, "jumping", "*/10 * * * *");
        var first = schedule.NextTime.ToDateTimeOffset();
        await PassAsync(client, schedule, TimeSpan.FromMinutes(10));
        _platform.Clock.Advance(-TimeSpan.FromMinutes(30));
        await SweptAsync(client);
        await PassAsync(client, schedule, TimeSpan.FromMinutes(30));
        Assert.Equal([(Created, first, null)], await StoryAsync(client, schedule));

        _platform.Clock.Advance(TimeSpan.FromDays(2));
        await WaitUntilTakenAsync(client, [schedule]);
        _platform.Clock.Advance(-TimeSpan.FromDays(2));
        await SweptAsync(client);
        Assert.True((await client.GetAsync(schedule.Id)).NextTime.ToDateTimeOffset() > first + TimeSpan.FromDays(2));
        await client.PauseScheduleAsync(new PauseScheduleRequest { Id = schedule.Id });
        await client.ResumeScheduleAsync(new ResumeScheduleRequest { Id = schedule.Id });
        await PassAsync(client, schedule, TimeSpan.FromMinutes(10));
        // The tick of two days hence was taken; when it comes again, it is not taken twice.
        _platform.Clock.Advance(TimeSpan.FromDays(2) - TimeSpan.FromMinutes(10));
        await WaitUntilTakenAsync(client, [schedule]);
        var story = await StoryAsync(client, schedule);
        Assert.Equal([first, first + TimeSpan.FromMinutes(10), first + TimeSpan.FromDays(2)], story.Where(r => r.Outcome is Created).Select(r => r.Tick));
        Assert.Equal([3L], await _platform.SqlAsync<long>("SELECT count(*) FROM registry.tasks WHERE agent_id = 'jumping'"));
    }

    [Fact]
    public async Task A_tick_whose_transaction_breaks_leaves_nothing_and_is_taken_later()
    {
        var client = await PersonAsync();
        AlignTo(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(9));
        var schedule = await CreateAsync(client, "broken", "*/10 * * * *", MissedRunPolicy.All);
        // A sequence counts what is rolled back, too.
        await _platform.SqlAsync<int>("CREATE SEQUENCE public.broken_tries");
        await _platform.SqlAsync<int>("""
            CREATE FUNCTION public.break_run() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
            BEGIN PERFORM nextval('public.broken_tries'); RAISE EXCEPTION 'broken by a test'; END $$
            """);
        await _platform.SqlAsync<int>($"CREATE TRIGGER broken BEFORE INSERT ON registry.schedule_runs FOR EACH ROW WHEN (NEW.schedule_id = '{schedule.Id}') EXECUTE FUNCTION public.break_run()");
        var other = await CreateAsync(client, "unbroken", "*/10 * * * *", MissedRunPolicy.All);
        _platform.Clock.Advance(Minute * 2);
        await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>("SELECT last_value FROM public.broken_tries"))[0] >= 3, "it is tried again and again");
        Assert.Equal([0L], await _platform.SqlAsync<long>("SELECT count(*) FROM registry.tasks WHERE agent_id = 'broken'"));
        await WaitUntilTakenAsync(client, [other]);
        Assert.Single(await client.RunsAsync(other.Id));

        await _platform.SqlAsync<int>("DROP TRIGGER broken ON registry.schedule_runs");
        await WaitUntilTakenAsync(client, [schedule]);
        Assert.Equal([(Created, schedule.NextTime.ToDateTimeOffset(), null)], await StoryAsync(client, schedule));
        Assert.Equal([1L], await _platform.SqlAsync<long>("SELECT count(*) FROM registry.tasks WHERE agent_id = 'broken'"));
    }

    [Fact]
    public async Task A_schedule_that_somebody_has_in_hand_holds_up_no_other()
    {
        var client = await PersonAsync();
        var held = await CreateAsync(client, "held", "* * * * *", MissedRunPolicy.All);
        var free = await CreateAsync(client, "free", "* * * * *", MissedRunPolicy.All);
        await using var connection = new NpgsqlConnection(_platform.AdminConnection);
        await connection.OpenAsync();
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await using var hold = new NpgsqlCommand("SELECT FROM registry.schedules WHERE id = $1 FOR UPDATE", connection, transaction) { Parameters = { new() { Value = Guid.Parse(held.Id) } } };
            await hold.ExecuteNonQueryAsync();
            _platform.Clock.Advance(Minute);
            await WaitUntilTakenAsync(client, [free]);
            Assert.Empty(await client.RunsAsync(held.Id));
        }
        await WaitUntilTakenAsync(client, [held]);
        Assert.NotEmpty(await client.RunsAsync(held.Id));
    }

    [Fact]
    public async Task A_tick_that_nobody_can_serve_says_so_and_the_next_one_may()
    {
        var client = await PersonAsync();
        var unknown = (await client.CreateScheduleAsync(ScheduleCalls.Request("not-yet-here", "* * * * *", MissedRunPolicy.All))).Schedule;
        var request = ScheduleCalls.Request("for-anybody", "* * * * *", MissedRunPolicy.All);
        request.Spec.Template.Any = new AgentSelection { Tags = { "anybody" } };
        var nobody = (await client.CreateScheduleAsync(request)).Schedule;
        await PassAsync(client, unknown, Minute);
        await WaitUntilTakenAsync(client, [nobody]);
        var failed = (await client.RunsAsync(unknown.Id))[^1];
        Assert.Equal((Failed, "UNKNOWN_AGENT", 0), (failed.Outcome, failed.Reason, failed.TaskIds.Count));
        Assert.Equal(NobodyMatched, (await client.RunsAsync(nobody.Id))[^1].Outcome);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "UNKNOWN_AGENT", async () => await client.TriggerScheduleAsync(new TriggerScheduleRequest { Id = unknown.Id }));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "NO_AGENT_MATCHES", async () => await client.TriggerScheduleAsync(new TriggerScheduleRequest { Id = nobody.Id }));

        var agent = await TaskAgent.RegisterAsync(_platform, "not-yet-here", tags: ["anybody"]);
        await PassAsync(client, unknown, Minute);
        await WaitUntilTakenAsync(client, [nobody]);
        string[] expected = [(await client.RunsAsync(unknown.Id))[^1].TaskIds.Single(), (await client.RunsAsync(nobody.Id))[^1].TaskIds.Single()];
        Assert.Superset(expected.ToHashSet(), (await agent.PollAsync(20)).Select(t => t.Id).ToHashSet());

        var registry = await _platform.ClientAsync<Contracts.Registry.V1.RegistryService.RegistryServiceClient>(Tokens.Operator());
        await registry.DeregisterAgentAsync(new DeregisterAgentRequest { Id = agent.Id });
        await PassAsync(client, unknown, Minute);
        Assert.Equal("AGENT_DEREGISTERED", (await client.RunsAsync(unknown.Id))[^1].Reason);
    }

    [Fact]
    public async Task All_of_a_selection_get_a_task_each_at_every_tick()
    {
        foreach (var id in new[] { "tick-1", "tick-2", "tick-3" })
            await TaskAgent.RegisterAsync(_platform, id, tags: ["each-tick"]);
        var client = await PersonAsync();
        var request = ScheduleCalls.Request("for-each", "* * * * *", MissedRunPolicy.All);
        request.Spec.Template.All = new AgentSelection { Tags = { "each-tick" } };
        var schedule = (await client.CreateScheduleAsync(request)).Schedule;
        await PassAsync(client, schedule, Minute);
        await PassAsync(client, schedule, Minute);
        var runs = await client.RunsAsync(schedule.Id);
        Assert.True(runs.Count >= 2);
        var tasks = await _platform.ClientAsync<Tasks>(Tokens.Operator());
        foreach (var run in runs)
        {
            var made = (await tasks.ListTasksAsync(new ListTasksRequest { ParentId = run.ParentId })).Tasks;
            Assert.Equal(["tick-1", "tick-2", "tick-3"], made.Select(t => t.AgentId).Order());
            Assert.Equal(made.Select(t => t.Id).Order(), run.TaskIds.Order());
            Assert.Equal(3, run.TaskCount);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task While_a_task_of_the_run_before_is_open_a_tick_can_be_left_out(bool forAll)
    {
        var name = forAll ? "one-of-all-at-a-time" : "one-at-a-time";
        var agent = await TaskAgent.RegisterAsync(_platform, name, tags: [name]);
        var client = await PersonAsync();
        AlignTo(TimeSpan.FromMinutes(10), TimeSpan.FromMinutes(9));
        var request = ScheduleCalls.Request(name, "*/10 * * * *", MissedRunPolicy.All);
        request.Spec.Overlap = OverlapPolicy.Skip;
        // Longer than the clock is moved.
        request.Spec.Template.Task.TimeoutSeconds = 86_400;
        if (forAll)
            request.Spec.Template.All = new AgentSelection { Tags = { name } };
        var schedule = (await client.CreateScheduleAsync(request)).Schedule;
        var (ticks, step) = (schedule.NextTime.ToDateTimeOffset(), TimeSpan.FromMinutes(10));
        await PassAsync(client, schedule, step);
        await PassAsync(client, schedule, step);
        var task = await agent.StartedAsync();
        await PassAsync(client, schedule, step);
        await agent.CompleteAsync(task);
        await PassAsync(client, schedule, step);
        Assert.Equal([(Created, ticks, null), (Skipped, ticks + step, ticks + 2 * step), (Skipped, ticks + 2 * step, ticks + 3 * step), (Created, ticks + 3 * step, null)], await StoryAsync(client, schedule));
        Assert.Equal(["", "STILL_OPEN", "STILL_OPEN", ""], (await client.RunsAsync(schedule.Id)).Select(r => r.Reason));
        Assert.Single(await agent.PollAsync(10));
    }

    [Fact]
    public async Task The_task_is_what_the_template_says()
    {
        var agent = await TaskAgent.RegisterAsync(_platform, "templated");
        var client = await PersonAsync();
        var request = ScheduleCalls.Request("templated", "* * * * *");
        request.Spec.Template.Task = new TaskSpec
        {
            Type = "report.build", Payload = Deep(30), Priority = 8, TimeoutSeconds = 77, MaxAttempts = 2, BackoffSeconds = 0, CorrelationId = "monthly",
        };
        var schedule = (await client.CreateScheduleAsync(request)).Schedule;
        Assert.Equal(request.Spec.Template, schedule.Spec.Template);
        await PassAsync(client, schedule, Minute);
        var task = (await agent.PollAsync(10))[0];
        Assert.Equal(("report.build", request.Spec.Template.Task.Payload, 8, 77, 2, 0, "monthly"),
            (task.Type, task.Payload, task.Priority, task.TimeoutSeconds, task.MaxAttempts, task.BackoffSeconds, task.CorrelationId));
    }

    private static Struct Deep(int levels)
    {
        var value = Value.ForNumber(0.1);
        for (var i = 0; i < levels; i++)
            value = Value.ForStruct(new Struct { Fields = { ["deeper"] = value } });
        return value.StructValue;
    }

    private Task<Client> PersonAsync() => ScheduleCalls.PersonAsync(_platform);

    private async Task<Schedule> CreateAsync(Client client, string name, string cron, MissedRunPolicy missed = MissedRunPolicy.Unspecified)
    {
        await TaskAgent.RegisterAsync(_platform, name);
        return (await client.CreateScheduleAsync(ScheduleCalls.Request(name, cron, missed))).Schedule;
    }

    // Moves the clock to so long after a full step, where nothing is due for a while.
    private void AlignTo(TimeSpan step, TimeSpan after)
    {
        var since = TimeSpan.FromTicks(_platform.Clock.GetUtcNow().UtcTicks % step.Ticks);
        _platform.Clock.Advance(after - since + (since > after ? step : TimeSpan.Zero));
    }

    private async Task PassAsync(Client client, Schedule schedule, TimeSpan time)
    {
        _platform.Clock.Advance(time);
        await WaitUntilTakenAsync(client, [schedule]);
    }

    private Task WaitUntilTakenAsync(Client client, IEnumerable<Schedule> schedules) => Eventually.TrueAsync(async () =>
    {
        foreach (var schedule in schedules)
            if ((await client.GetAsync(schedule.Id)).NextTime.ToDateTimeOffset() <= _platform.Clock.GetUtcNow())
                return false;
        return true;
    }, "all that is due is taken");

    // That the sweeper has looked shows at a schedule that is due.
    private async Task SweptAsync(Client client)
    {
        var probe = await CreateAsync(client, $"probe-{Guid.NewGuid():N}", "* * * * *", MissedRunPolicy.All);
        await PassAsync(client, probe, Minute);
        _platform.Clock.Advance(-Minute);
        await client.DeleteScheduleAsync(new DeleteScheduleRequest { Id = probe.Id });
    }

    private static async Task<List<(ScheduleRunOutcome Outcome, DateTimeOffset Tick, DateTimeOffset? Until)>> StoryAsync(Client client, Schedule schedule) =>
        [.. (await client.RunsAsync(schedule.Id)).Select(r => (r.Outcome, r.TickTime.ToDateTimeOffset(), r.SkippedUntil?.ToDateTimeOffset()))];
}
