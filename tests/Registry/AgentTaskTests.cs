using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Tasks = AgentPlatform.Contracts.Registry.V1.AgentTaskService.AgentTaskServiceClient;

namespace AgentPlatform.Tests.Registries;

public sealed class AgentTaskTests(Platform platform) : IClassFixture<Platform>
{
    private static readonly Struct Payload = Struct.Parser.ParseJson("""{"invoice": 7}""");
    private static readonly Struct Result = Struct.Parser.ParseJson("""{"total": 1.50, "big": 1e21, "names": ["ü"]}""");

    [Fact]
    public async Task A_task_goes_to_its_agent_and_ends_once()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "worker");
        var made = await CreateAsync("worker", new TaskSpec { Type = "invoice.check", Payload = Payload, CorrelationId = "c-1" });
        Assert.Equal((AgentTaskStatus.Pending, 5, 300, 3, 5, "user:olga", 1L),
            (made.Status, made.Priority, made.TimeoutSeconds, made.MaxAttempts, made.BackoffSeconds, made.CreatedBy, made.Version));
        Assert.Equal(made, await GetAsync(made.Id));

        var task = await agent.TakeAsync();
        Assert.Equal((made.Id, Payload, 1, AgentTaskStatus.Assigned), (task.Id, task.Payload, task.Attempt, task.Status));
        Assert.Empty(await agent.PollAsync());
        await agent.StartAsync(task);
        await agent.StartAsync(task);
        await agent.Tasks.ReportProgressAsync(new ReportProgressRequest { Id = task.Id, Fence = agent.FenceOf(task), Percent = 40, Message = "Reading" });
        var half = await GetAsync(made.Id);
        Assert.Equal((AgentTaskStatus.InProgress, 40, "Reading"), (half.Status, half.ProgressPercent, half.ProgressMessage));

        await agent.CompleteAsync(task, Result);
        await agent.CompleteAsync(task, Result);
        var done = await GetAsync(made.Id);
        Assert.True(done is { Status: AgentTaskStatus.Completed, Result: var kept, ProgressPercent: 100 } && Result.Equals(kept));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "RESULT_DIFFERS", () => agent.CompleteAsync(task, Payload));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "STALE_LEASE", () => agent.FailAsync(task));
        Assert.Equal(["agent_task.create", "agent_task.complete"], (await platform.AuditOfAsync($"agent_task/{made.Id}", 2)).Select(e => e.Operation));
    }

    [Fact]
    public async Task Tasks_come_by_priority_and_then_in_the_order_of_their_making()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "orderly");
        var client = await PersonAsync();
        var batch = new CreateTasksRequest { Tasks = { Enumerable.Range(0, 40).Select(i => Request("orderly", new TaskSpec { Type = "n", CorrelationId = $"{i}", Priority = i % 4 == 0 ? 9 : 3 })) } };
        var ids = (await client.CreateTasksAsync(batch)).Ids.ToList();
        Assert.Equal(40, ids.Distinct().Count());

        var waiting = await client.ListQueueAsync(new ListQueueRequest { AgentId = "orderly", PageSize = 15 });
        var rest = await client.ListQueueAsync(new ListQueueRequest { AgentId = "orderly", PageSize = 50, PageToken = waiting.NextPageToken });
        var queued = waiting.Tasks.Concat(rest.Tasks).ToList();
        string[] expected = [.. Enumerable.Range(0, 40).OrderBy(i => i % 4 == 0 ? 0 : 1).Select(i => $"{i}")];
        Assert.Equal(expected, queued.Select(q => q.Task.CorrelationId));
        Assert.Equal(Enumerable.Range(1, 40).Select(i => (long)i), queued.Select(q => q.Position));
        Assert.All(queued, q => Assert.True(q.Age.ToTimeSpan() >= TimeSpan.Zero && q.Task.Payload is null));

        var got = new List<string>();
        while (await agent.PollAsync(7) is { Count: > 0 } some)
            got.AddRange(some.Select(t => t.CorrelationId));
        Assert.Equal(expected, got);
        Assert.Empty((await client.ListQueueAsync(new ListQueueRequest { AgentId = "orderly" })).Tasks);
    }

    [Fact]
    public async Task A_poll_waits_for_a_task_that_is_made_meanwhile_also_at_another_instance()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "patient");
        await using var other = await platform.StartAnotherAsync("registry");
        var there = platform.Client<Tasks>(other.GrpcAddress, Tokens.Operator());
        for (var i = 0; i < 5; i++)
        {
            var poll = agent.PollAsync(1, 20);
            var made = (await there.CreateTaskAsync(Request("patient", new TaskSpec { Type = "n" }))).Task;
            Assert.Equal(made.Id, Assert.Single(await poll).Id);
        }
    }

    [Fact]
    public async Task Any_of_a_selection_takes_a_task_once_and_others_do_not()
    {
        var matching = new[] { await TaskAgent.RegisterAsync(platform, "any-1", ["sums"], ["add", "sub"], ["x"]), await TaskAgent.RegisterAsync(platform, "any-2", ["sums"], ["add"], ["x", "y"]) };
        var others = new[] { await TaskAgent.RegisterAsync(platform, "any-3", ["sums"], ["sub"], ["x"]), await TaskAgent.RegisterAsync(platform, "any-4", ["other"], ["add"], ["x"]) };
        var client = await PersonAsync();
        var selection = new AgentSelection { Role = "sums", Capabilities = { "add" }, Tags = { "x" } };
        var made = new List<string>();
        for (var i = 0; i < 20; i++)
            made.Add((await client.CreateTaskAsync(new CreateTaskRequest { Task = new TaskSpec { Type = "n" }, Any = selection })).Task.Id);

        foreach (var other in others)
            Assert.Empty(await other.PollAsync(50));
        var taken = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => matching[i % 2].PollAsync(5)));
        var all = taken.SelectMany(t => t).ToList();
        foreach (var agent in matching)
            all.AddRange(await agent.PollAsync(50));
        Assert.Equal(made.Order(), all.Select(t => t.Id).Order());
        Assert.All(all, t => Assert.Equal(selection, t.Any));
    }

    [Fact]
    public async Task All_of_a_selection_get_a_task_each_and_a_selection_of_nobody_is_refused()
    {
        foreach (var id in new[] { "each-1", "each-2", "each-3" })
            await TaskAgent.RegisterAsync(platform, id, tags: ["each"]);
        var client = await PersonAsync();
        var answer = await client.CreateTaskAsync(new CreateTaskRequest { Task = new TaskSpec { Type = "n" }, All = new AgentSelection { Tags = { "each" } } });
        var made = (await client.ListTasksAsync(new ListTasksRequest { ParentId = answer.ParentId })).Tasks;
        Assert.Equal((3, "each-1", "each-2", "each-3"), (answer.Created, made[2].AgentId, made[1].AgentId, made[0].AgentId));

        var nobody = new AgentSelection { Tags = { "nobody-has-this" } };
        foreach (var request in new[] { new CreateTaskRequest { Any = nobody }, new CreateTaskRequest { All = nobody } })
        {
            request.Task = new TaskSpec { Type = "n" };
            await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "NO_AGENT_MATCHES", async () => await client.CreateTaskAsync(request));
        }
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "UNKNOWN_AGENT", () => CreateAsync("never-seen", new TaskSpec { Type = "n" }));
    }

    [Fact]
    public async Task An_origin_makes_one_task_however_often_it_is_told()
    {
        await TaskAgent.RegisterAsync(platform, "original");
        var client = await PersonAsync();
        var request = Request("original", new TaskSpec { Type = "n", Origin = "session/task/1" });
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(async _ => await client.CreateTaskAsync(request)));
        Assert.Equal(1, answers.Sum(a => a.Created));
        Assert.Single(answers.Select(a => a.Task.Id).Distinct());
    }

    [Fact]
    public async Task A_lost_attempt_goes_back_with_backoff_and_the_last_one_is_a_dead_letter_that_can_be_replayed()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "unlucky");
        var made = await CreateAsync("unlucky", new TaskSpec { Type = "n", MaxAttempts = 2, BackoffSeconds = 60 });
        Assert.Equal(AgentTaskStatus.Delayed, await agent.FailAsync(await agent.StartedAsync()));
        var waiting = await GetAsync(made.Id);
        Assert.Equal((TimeSpan.FromSeconds(60), "NO_LUCK"), (waiting.AvailableTime.ToDateTimeOffset() - waiting.UpdateTime.ToDateTimeOffset(), waiting.Reason));
        Assert.Empty(await agent.PollAsync());

        platform.Clock.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(AgentTaskStatus.Failed, await agent.FailAsync(await agent.StartedAsync()));
        var client = await PersonAsync();
        Assert.Equal(made.Id, Assert.Single((await client.ListTasksAsync(new ListTasksRequest { AgentId = "unlucky", DeadLetters = true })).Tasks).Id);

        var replayed = (await client.ReplayTaskAsync(new ReplayTaskRequest { Id = made.Id })).Task;
        Assert.Equal((AgentTaskStatus.Pending, 2), (replayed.Status, replayed.Attempt));
        var third = await agent.StartedAsync();
        Assert.Equal(3, third.Attempt);
        await agent.CompleteAsync(third);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "NOT_REPLAYABLE", async () => await client.ReplayTaskAsync(new ReplayTaskRequest { Id = made.Id }));
    }

    [Fact]
    public async Task A_running_task_beyond_its_time_is_timed_out_and_a_result_after_it_is_refused()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "slow");
        var made = await CreateAsync("slow", new TaskSpec { Type = "n", MaxAttempts = 1, TimeoutSeconds = 100 });
        var task = await agent.StartedAsync();
        platform.Clock.Advance(TimeSpan.FromSeconds(90));
        await agent.Tasks.ExtendTaskAsync(new ExtendTaskRequest { Id = task.Id, Fence = agent.FenceOf(task), Seconds = 50 });
        platform.Clock.Advance(TimeSpan.FromSeconds(51));
        await Eventually.TrueAsync(async () => (await GetAsync(made.Id)).Status is AgentTaskStatus.TimedOut, "the task times out");
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "STALE_LEASE", () => agent.CompleteAsync(task));
    }

    [Fact]
    public async Task A_task_that_was_not_started_in_time_comes_again_with_another_fence()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "sleepy");
        await CreateAsync("sleepy", new TaskSpec { Type = "n", BackoffSeconds = 0 });
        var first = await agent.TakeAsync();
        platform.Clock.Advance(TimeSpan.FromSeconds(61));
        var second = await agent.TakeAsync();
        Assert.Equal((first.Id, 2), (second.Id, second.Attempt));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "STALE_LEASE", () => agent.StartAsync(first));
        await agent.StartAsync(second);
    }

    [Fact]
    public async Task A_process_that_was_taken_over_is_fenced_and_its_task_goes_to_the_new_one()
    {
        var old = await TaskAgent.RegisterAsync(platform, "doubled");
        await CreateAsync("doubled", new TaskSpec { Type = "n", BackoffSeconds = 0 });
        var task = await old.StartedAsync();
        var young = await TaskAgent.RegisterAsync(platform, "doubled");

        foreach (var call in new Func<Task>[] { () => old.CompleteAsync(task), () => old.StartAsync(task), () => old.FailAsync(task), async () => await old.PollAsync() })
            await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "STALE_EPOCH", call);
        var again = await young.StartedAsync();
        Assert.Equal((task.Id, 2, "AGENT_RESTARTED"), (again.Id, again.Attempt, again.Reason));
        await young.CompleteAsync(again);
    }

    [Fact]
    public async Task A_waiting_task_is_cancelled_at_once_and_a_held_one_when_its_holder_lets_go()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "stopped");
        var client = await PersonAsync();
        var waiting = await CreateAsync("stopped", new TaskSpec { Type = "n" });
        Assert.Equal(AgentTaskStatus.Cancelled, (await CancelAsync(client, waiting.Id)).Status);
        Assert.Equal(AgentTaskStatus.Cancelled, (await CancelAsync(client, waiting.Id)).Status);

        await CreateAsync("stopped", new TaskSpec { Type = "n" });
        var held = await agent.StartedAsync();
        Assert.True((await CancelAsync(client, held.Id)) is { CancelRequested: true, Status: AgentTaskStatus.InProgress });
        var told = await agent.Tasks.ReportProgressAsync(new ReportProgressRequest { Id = held.Id, Fence = agent.FenceOf(held), Percent = 1 });
        Assert.True(told.CancelRequested);
        Assert.Equal(AgentTaskStatus.Cancelled, await agent.FailAsync(held));

        await CreateAsync("stopped", new TaskSpec { Type = "n" });
        var done = await agent.StartedAsync();
        await agent.CompleteAsync(done);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "TASK_ENDED", () => CancelAsync(client, done.Id));
    }

    [Fact]
    public async Task A_watcher_sees_every_end()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "watched-task");
        var made = await CreateAsync("watched-task", new TaskSpec { Type = "n" });
        using var watch = (await PersonAsync()).WatchTask(new WatchTaskRequest { Id = made.Id });
        Assert.True(await watch.ResponseStream.MoveNext());
        Assert.Equal(AgentTaskStatus.Pending, watch.ResponseStream.Current.Task.Status);
        await agent.CompleteAsync(await agent.StartedAsync());
        var last = AgentTaskStatus.Pending;
        while (await watch.ResponseStream.MoveNext())
            last = watch.ResponseStream.Current.Task.Status;
        Assert.Equal(AgentTaskStatus.Completed, last);
    }

    [Fact]
    public async Task An_agent_sees_and_moves_its_own_tasks_only()
    {
        var owner = await TaskAgent.RegisterAsync(platform, "owner");
        var thief = await TaskAgent.RegisterAsync(platform, "thief");
        var made = await CreateAsync("owner", new TaskSpec { Type = "n" });
        var task = await owner.StartedAsync();
        foreach (var call in new Func<Task>[] { () => thief.CompleteAsync(task), () => thief.StartAsync(task), async () => await thief.Tasks.GetTaskAsync(new GetTaskRequest { Id = made.Id }) })
            await Refusal.ExpectAsync(StatusCode.NotFound, "TASK_NOT_FOUND", call);
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await thief.Tasks.ListQueueAsync(new ListQueueRequest { AgentId = "owner" }));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await thief.Tasks.ListTasksAsync(new ListTasksRequest { AgentId = "owner" }));
        Assert.DoesNotContain((await thief.Tasks.ListTasksAsync(new ListTasksRequest())).Tasks, t => t.Id == made.Id);
    }

    [Fact]
    public async Task A_delayed_task_waits_at_the_end_of_the_queue_until_its_time()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "later");
        var soon = await CreateAsync("later", new TaskSpec { Type = "n", Priority = 9, NotBefore = (platform.Clock.GetUtcNow() + TimeSpan.FromHours(1)).ToTimestamp() });
        var now = await CreateAsync("later", new TaskSpec { Type = "n", Priority = 0 });
        var queue = (await (await PersonAsync()).ListQueueAsync(new ListQueueRequest { AgentId = "later" })).Tasks;
        Assert.Equal([now.Id, soon.Id], queue.Select(q => q.Task.Id));
        Assert.Equal(now.Id, Assert.Single(await agent.PollAsync(10)).Id);
        platform.Clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(soon.Id, (await agent.TakeAsync()).Id);
    }

    [Fact]
    public async Task What_cannot_be_is_refused_by_field()
    {
        var agent = await TaskAgent.RegisterAsync(platform, "strict");
        var client = await PersonAsync();
        await Refusal.ExpectFieldsAsync(async () => await client.CreateTaskAsync(new CreateTaskRequest()), "task", "task.type", "target");
        await Refusal.ExpectFieldsAsync(async () => await client.CreateTaskAsync(new CreateTaskRequest { Task = new TaskSpec { Type = "n" }, Any = new AgentSelection() }), "any");
        await Refusal.ExpectFieldsAsync(() => CreateAsync("strict", new TaskSpec { Type = "n", Priority = 10, TimeoutSeconds = -1, MaxAttempts = 101, BackoffSeconds = 3601 }),
            "task.priority", "task.timeout_seconds", "task.max_attempts", "task.backoff_seconds");
        await Refusal.ExpectFieldsAsync(() => CreateAsync("strict", new TaskSpec { Type = "n", Payload = Text(256 * 1024) }), "task.payload");
        await Refusal.ExpectFieldsAsync(async () => await client.CreateTasksAsync(new CreateTasksRequest()), "tasks");
        await Refusal.ExpectFieldsAsync(async () => await agent.Tasks.PollTasksAsync(new PollTasksRequest { MaxTasks = 101, Wait = Duration.FromTimeSpan(TimeSpan.FromSeconds(26)) }), "epoch", "max_tasks", "wait");

        await CreateAsync("strict", new TaskSpec { Type = "n" });
        var task = await agent.StartedAsync();
        await Refusal.ExpectFieldsAsync(async () => await agent.Tasks.ReportProgressAsync(new ReportProgressRequest { Id = task.Id, Fence = agent.FenceOf(task), Percent = 140 }), "percent");
        await Refusal.ExpectFieldsAsync(async () => await agent.Tasks.CompleteTaskAsync(new CompleteTaskRequest { Id = task.Id }), "fence.epoch", "fence.attempt");
        // { "t": "…" } is eleven bytes more than the text.
        await Refusal.ExpectFieldsAsync(() => agent.CompleteAsync(task, Text(4_000_000 - 10)), "result");
        await agent.CompleteAsync(task, Text(4_000_000 - 11));
    }

    private static Struct Text(int length) => new() { Fields = { ["t"] = Value.ForString(new string('x', length)) } };

    private Task<Tasks> PersonAsync() => platform.ClientAsync<Tasks>(Tokens.Operator());

    private static CreateTaskRequest Request(string agent, TaskSpec task) => new() { AgentId = agent, Task = task };

    private async Task<AgentTask> CreateAsync(string agent, TaskSpec task) => (await (await PersonAsync()).CreateTaskAsync(Request(agent, task))).Task;

    private async Task<AgentTask> GetAsync(string id) => (await (await PersonAsync()).GetTaskAsync(new GetTaskRequest { Id = id })).Task;

    private static async Task<AgentTask> CancelAsync(Tasks client, string id) => (await client.CancelTaskAsync(new CancelTaskRequest { Id = id, Reason = "no longer wanted" })).Task;
}
