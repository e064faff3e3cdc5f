using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Registry.V1.ScheduleService.ScheduleServiceClient;

namespace AgentPlatform.Tests.Registries;

/// <summary>What people do with schedules, and what is refused.</summary>
public sealed class ScheduleCallTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_schedule_is_made_read_listed_and_removed()
    {
        var client = await PersonAsync();
        var request = ScheduleCalls.Request("nightly", "0 2 * * *", MissedRunPolicy.Skip, "Africa/Johannesburg");
        request.Spec.Description = "What the night is for";
        request.Spec.Overlap = OverlapPolicy.Skip;
        request.Spec.StartTime = At(TimeSpan.FromDays(10));
        request.Spec.EndTime = At(TimeSpan.FromDays(20));
        var made = (await client.CreateScheduleAsync(request)).Schedule;
        Assert.Equal(("nightly", true, 1L, "user:olga"), (made.Name, made.Enabled, made.Version, made.CreatedBy));
        Assert.Equal(request.Spec, made.Spec);
        // Two o'clock in Johannesburg is midnight.
        Assert.Equal(TimeSpan.Zero, made.NextTime.ToDateTimeOffset().TimeOfDay);
        Assert.True(made.NextTime >= made.Spec.StartTime);
        Assert.Equal(made, await client.GetAsync(made.Id));
        Assert.Equal(made, Assert.Single((await client.ListSchedulesAsync(new ListSchedulesRequest { Name = "nightly", Enabled = true })).Schedules));
        Assert.Empty((await client.ListSchedulesAsync(new ListSchedulesRequest { Name = "nightly", Enabled = false })).Schedules);
        await Refusal.ExpectAsync(StatusCode.AlreadyExists, "SCHEDULE_EXISTS", async () => await client.CreateScheduleAsync(request));

        await client.DeleteScheduleAsync(new DeleteScheduleRequest { Id = made.Id });
        foreach (var call in new Func<Task>[]
        {
            async () => await client.GetScheduleAsync(new GetScheduleRequest { Id = made.Id }),
            async () => await client.DeleteScheduleAsync(new DeleteScheduleRequest { Id = made.Id }),
            async () => await client.UpdateScheduleAsync(new UpdateScheduleRequest { Id = made.Id, UpdateMask = new FieldMask { Paths = { "cron" } }, Spec = request.Spec }),
            async () => await client.PauseScheduleAsync(new PauseScheduleRequest { Id = made.Id }),
            async () => await client.ResumeScheduleAsync(new ResumeScheduleRequest { Id = made.Id }),
            async () => await client.TriggerScheduleAsync(new TriggerScheduleRequest { Id = made.Id }),
            async () => await client.ListScheduleRunsAsync(new ListScheduleRunsRequest { ScheduleId = made.Id }),
            async () => await client.PreviewScheduleAsync(new PreviewScheduleRequest { Id = made.Id }),
        })
            await Refusal.ExpectAsync(StatusCode.NotFound, "SCHEDULE_NOT_FOUND", call);
        Assert.NotEqual(made.Id, (await client.CreateScheduleAsync(request)).Schedule.Id);
        Assert.Equal(["schedule.create", "schedule.delete"], (await platform.AuditOfAsync($"schedule/{made.Id}", 2)).Select(e => e.Operation));
    }

    [Fact]
    public async Task Lists_go_page_by_page()
    {
        var client = await PersonAsync();
        var made = new List<string>();
        for (var i = 0; i < 5; i++)
            made.Add((await client.CreateScheduleAsync(ScheduleCalls.Request($"page-{i}"))).Schedule.Id);
        var (request, seen) = (new ListSchedulesRequest { PageSize = 2 }, new List<string>());
        do
        {
            var page = await client.ListSchedulesAsync(request);
            seen.AddRange(page.Schedules.Select(s => s.Id));
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0);
        Assert.Equal(made.AsEnumerable().Reverse(), seen.Where(made.Contains));
    }

    [Fact]
    public async Task A_change_takes_over_what_it_names_and_only_a_new_timetable_moves_the_next_tick()
    {
        var client = await PersonAsync();
        var request = ScheduleCalls.Request("changing", "0 2 * * *");
        request.Spec.EndTime = At(TimeSpan.FromDays(20));
        var made = (await client.CreateScheduleAsync(request)).Schedule;
        var template = made.Spec.Template.Clone();
        template.AgentId = "somebody-else";
        var first = await UpdateAsync(client, made, new ScheduleSpec { Cron = "never looked at", Description = "New", Template = template, MissedRuns = MissedRunPolicy.All, Overlap = OverlapPolicy.Skip }, "description", "template", "missed_runs", "overlap");
        Assert.Equal((2L, "New", "somebody-else", "0 2 * * *", MissedRunPolicy.All), (first.Version, first.Spec.Description, first.Spec.Template.AgentId, first.Spec.Cron, first.Spec.MissedRuns));
        Assert.Equal((made.NextTime, made.Spec.EndTime), (first.NextTime, first.Spec.EndTime));
        Assert.Equal((OverlapPolicy.Allow, OverlapPolicy.Skip), (made.Spec.Overlap, first.Spec.Overlap));

        var second = await UpdateAsync(client, first, new ScheduleSpec { Cron = "30 2 * * *", TimeZone = "Asia/Kolkata" }, "cron", "time_zone", "end_time");
        Assert.Equal((21, 0, null), (second.NextTime.ToDateTime().Hour, second.NextTime.ToDateTime().Minute, second.Spec.EndTime));
        await Refusal.ExpectAsync(StatusCode.Aborted, "CONCURRENT_UPDATE", () => UpdateAsync(client, made, new ScheduleSpec { Cron = "@daily" }, "cron"));
        await Refusal.ExpectFieldsAsync(() => UpdateAsync(client, second, new ScheduleSpec { Cron = "61 * * * *" }, "cron"), "spec.cron");
        await Refusal.ExpectFieldsAsync(() => UpdateAsync(client, second, new ScheduleSpec { EndTime = At(-TimeSpan.FromDays(1)) }, "end_time"), "spec.end_time");
        await Refusal.ExpectFieldsAsync(() => UpdateAsync(client, second, new ScheduleSpec(), "template"), "spec.template");
        await Refusal.ExpectFieldsAsync(() => UpdateAsync(client, second, new ScheduleSpec(), "name"), "update_mask");
        await Refusal.ExpectFieldsAsync(async () => await client.UpdateScheduleAsync(new UpdateScheduleRequest { Id = made.Id, Version = -1 }), "update_mask", "spec", "version");
        Assert.Equal(second, await client.GetAsync(made.Id));
    }

    [Fact]
    public async Task A_paused_schedule_has_no_tick_until_it_is_resumed()
    {
        var client = await PersonAsync();
        var request = ScheduleCalls.Request("pausing", "@yearly");
        request.Paused = true;
        var made = (await client.CreateScheduleAsync(request)).Schedule;
        Assert.True(made is { Enabled: false, NextTime: null });
        var resumed = (await client.ResumeScheduleAsync(new ResumeScheduleRequest { Id = made.Id, Version = made.Version })).Schedule;
        Assert.True(resumed is { Enabled: true, Version: 2 } && resumed.NextTime.ToDateTimeOffset() > platform.Clock.GetUtcNow());
        Assert.Equal(resumed, (await client.ResumeScheduleAsync(new ResumeScheduleRequest { Id = made.Id })).Schedule);
        var paused = (await client.PauseScheduleAsync(new PauseScheduleRequest { Id = made.Id, Reason = "too much of it" })).Schedule;
        Assert.True(paused is { Enabled: false, NextTime: null, PauseReason: "too much of it", Version: 3 });
        Assert.Equal(paused, (await client.PauseScheduleAsync(new PauseScheduleRequest { Id = made.Id, Reason = "again" })).Schedule);
        await Refusal.ExpectAsync(StatusCode.Aborted, "CONCURRENT_UPDATE", async () => await client.ResumeScheduleAsync(new ResumeScheduleRequest { Id = made.Id, Version = 1 }));

        // With its end behind it, it can still be described, and not resumed.
        await platform.SqlAsync<int>("UPDATE registry.schedules SET end_at = created_at - interval '1 hour' WHERE id = $1", Guid.Parse(made.Id));
        Assert.Equal("over", (await UpdateAsync(client, paused, new ScheduleSpec { Description = "over" }, "description")).Spec.Description);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "SCHEDULE_ENDED", async () => await client.ResumeScheduleAsync(new ResumeScheduleRequest { Id = made.Id }));
    }

    [Fact]
    public async Task A_trigger_makes_the_tasks_now_also_while_it_is_paused()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "triggered");
        var client = await PersonAsync();
        var request = ScheduleCalls.Request("triggered");
        request.Paused = true;
        var made = (await client.CreateScheduleAsync(request)).Schedule;
        var run = (await client.TriggerScheduleAsync(new TriggerScheduleRequest { Id = made.Id })).Run;
        var again = (await client.TriggerScheduleAsync(new TriggerScheduleRequest { Id = made.Id })).Run;
        Assert.Equal(("user:olga", ScheduleRunOutcome.Created, 1), (run.TriggeredBy, run.Outcome, run.TaskCount));
        Assert.Equal([.. run.TaskIds, .. again.TaskIds], (await agent.PollAsync(10)).Select(t => t.Id));
        Assert.Equal([run, again], await client.RunsAsync(made.Id));
        Assert.Empty((await client.ListScheduleRunsAsync(new ListScheduleRunsRequest { ScheduleId = made.Id, Outcome = ScheduleRunOutcome.Failed })).Runs);
        Assert.Equal(made, await client.GetAsync(made.Id));
    }

    [Fact]
    public async Task The_next_ticks_are_told_of_a_schedule_and_of_what_is_none_yet()
    {
        var client = await PersonAsync();
        var told = (await client.PreviewScheduleAsync(new PreviewScheduleRequest
        {
            Cron = "30 2 * * *", TimeZone = "Europe/Berlin", Count = 3, AfterTime = Timestamp.FromDateTime(new DateTime(2027, 3, 27, 0, 0, 0, DateTimeKind.Utc)),
        })).Ticks;
        Assert.Equal(["2027-03-27T02:30:00+01:00", "2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00"], told.Select(t => t.LocalTime));
        Assert.Equal(new DateTime(2027, 3, 28, 1, 0, 0, DateTimeKind.Utc), told[1].Time.ToDateTime());
        Assert.Equal(10, (await client.PreviewScheduleAsync(new PreviewScheduleRequest { Cron = "@hourly" })).Ticks.Count);

        var request = ScheduleCalls.Request("told", "0 * * * *");
        request.Spec.EndTime = At(TimeSpan.FromHours(2));
        var made = (await client.CreateScheduleAsync(request)).Schedule;
        var ticks = (await client.PreviewScheduleAsync(new PreviewScheduleRequest { Id = made.Id, Count = 100 })).Ticks;
        Assert.Equal((2, made.NextTime), (ticks.Count, ticks[0].Time));
        await Refusal.ExpectFieldsAsync(async () => await client.PreviewScheduleAsync(new PreviewScheduleRequest { Id = made.Id, Cron = "@hourly", Count = 101 }), "id", "count");
        await Refusal.ExpectFieldsAsync(async () => await client.PreviewScheduleAsync(new PreviewScheduleRequest()), "cron");
    }

    [Theory]
    [InlineData("61 * * * *", "", "spec.cron")]
    [InlineData("*/61 * * * *", "", "spec.cron")]
    [InlineData("every day", "", "spec.cron")]
    [InlineData("", "", "spec.cron")]
    [InlineData("0 0 30 2 *", "", "spec.cron")]
    [InlineData("0 0 31 4,6,9,11 *", "", "spec.cron")]
    [InlineData("@daily", "Mars/Olympus", "spec.time_zone")]
    [InlineData("@daily", "../../etc/passwd", "spec.time_zone")]
    public async Task When_it_cannot_fire_it_is_not_made(string cron, string zone, string field)
    {
        var client = await PersonAsync();
        await Refusal.ExpectFieldsAsync(async () => await client.CreateScheduleAsync(ScheduleCalls.Request("impossible", cron, zone: zone)), field);
        await Refusal.ExpectFieldsAsync(async () => await client.PreviewScheduleAsync(new PreviewScheduleRequest { Cron = cron, TimeZone = zone }), field["spec.".Length..]);
    }

    [Fact]
    public async Task What_else_cannot_be_is_refused_by_field()
    {
        var client = await PersonAsync();
        async Task RefusedAsync(Action<CreateScheduleRequest> spoil, params string[] fields)
        {
            var request = ScheduleCalls.Request("spoiled");
            spoil(request);
            await Refusal.ExpectFieldsAsync(async () => await client.CreateScheduleAsync(request), fields);
        }
        await RefusedAsync(r => (r.Name, r.Spec) = ("No Name", null), "name", "spec");
        await RefusedAsync(r => r.Spec = new ScheduleSpec(), "spec.cron", "spec.template");
        await RefusedAsync(r => r.Spec.Template = new TaskTemplate(), "spec.template.task", "spec.template.task.type", "spec.template.target");
        await RefusedAsync(r => r.Spec.Template.Any = new AgentSelection(), "spec.template.any");
        await RefusedAsync(r => r.Spec.Template.Task.Payload = new Struct { Fields = { ["n"] = Value.ForNumber(double.NaN) } }, "spec.template.task.payload");
        await RefusedAsync(r => (r.Spec.Template.Task.NotBefore, r.Spec.Template.Task.Origin) = (At(TimeSpan.Zero), "mine"), "spec.template.task.not_before", "spec.template.task.origin");
        await RefusedAsync(r => (r.Spec.StartTime, r.Spec.EndTime) = (At(TimeSpan.FromHours(2)), At(TimeSpan.FromHours(1))), "spec.end_time");
        await RefusedAsync(r => r.Spec.EndTime = At(-TimeSpan.FromDays(1)), "spec.end_time");
        await RefusedAsync(r => (r.Spec.Cron, r.Spec.EndTime) = ("0 0 1 1 *", At(TimeSpan.FromSeconds(1))), "spec.end_time");
        await RefusedAsync(r => r.Spec.StartTime = new Timestamp { Seconds = long.MaxValue }, "spec.start_time");
        await RefusedAsync(r => r.Spec.StartTime = new Timestamp { Seconds = 253_402_300_799 }, "spec.cron");
        await RefusedAsync(r => (r.Spec.MissedRuns, r.Spec.Overlap, r.Spec.Description) = ((MissedRunPolicy)9, (OverlapPolicy)9, new string('d', 1001)), "spec.missed_runs", "spec.overlap", "spec.description");
        await RefusedAsync(r => r.Spec.Cron = new string('*', 257), "spec.cron");
        await Refusal.ExpectFieldsAsync(async () => await client.ListSchedulesAsync(new ListSchedulesRequest { Name = "No Name" }), "name");
        await Refusal.ExpectFieldsAsync(async () => await client.ListScheduleRunsAsync(new ListScheduleRunsRequest { Outcome = (ScheduleRunOutcome)9 }), "schedule_id", "outcome");
        await Refusal.ExpectFieldsAsync(async () => await client.PauseScheduleAsync(new PauseScheduleRequest { Id = "x", Version = -1, Reason = new string('r', 1001) }), "id", "version", "reason");
    }

    private Task<Client> PersonAsync() => ScheduleCalls.PersonAsync(platform);

    private Timestamp At(TimeSpan fromNow) => new() { Seconds = platform.Clock.GetUtcNow().Add(fromNow).ToUnixTimeSeconds() };

    private static async Task<Schedule> UpdateAsync(Client client, Schedule seen, ScheduleSpec spec, params string[] paths) =>
        (await client.UpdateScheduleAsync(new UpdateScheduleRequest { Id = seen.Id, Version = seen.Version, UpdateMask = new FieldMask { Paths = { paths } }, Spec = spec })).Schedule;
}
