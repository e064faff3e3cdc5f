using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Tests.Registries;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.TaskService.TaskServiceClient;
using Dispatches = AgentPlatform.Contracts.Session.V1.TaskDispatchService.TaskDispatchServiceClient;
using NewTaskRequest = AgentPlatform.Contracts.Session.V1.CreateTaskRequest;
using Watched = AgentPlatform.Contracts.Session.V1.WatchTaskRequest;

namespace AgentPlatform.Tests.Sessions;

/// <summary>Tasks between roles that Registry's agents do: there by the outbox, and back by reports.</summary>
public sealed class TaskDispatchTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public TaskDispatchTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["session"] = new() { ["Tasks:SweepEvery"] = "00:00:00.2" };
        platform.Settings["registry"] = new() { ["AgentTasks:SweepEvery"] = "00:00:00.2" };
    }

    [Fact]
    public async Task A_dispatched_task_is_done_by_an_agent_of_the_role_and_its_sender_sees_every_step()
    {
        var agent = await TaskAgent.RegisterAsync(_platform, "checker", roles: ["dispatch-done"]);
        var sender = await SenderAsync();
        var sent = await sender.SendAsync(NewTask("dispatch-done"));
        Assert.True(sent.Dispatch);
        using var watch = sender.WatchTask(new Watched { Id = sent.Id });

        var task = await agent.TakeAsync();
        Assert.Equal(($"session/task/{sent.Id}", "invoice.check", sent.Payload, 7), (task.Origin, task.Type, task.Payload, task.Priority));
        await SeesAsync(watch, t => t.Status == RoleTaskStatus.Assigned && t.AssignedTo == "checker");
        await agent.StartAsync(task);
        await agent.Tasks.ReportProgressAsync(new ReportProgressRequest { Id = task.Id, Fence = agent.FenceOf(task), Percent = 40, Message = "Reading" });
        await SeesAsync(watch, t => t is { Status: RoleTaskStatus.InProgress, ProgressPercent: 40, ProgressMessage: "Reading" });
        var result = Struct.Parser.ParseJson("""{"ok": true}""");
        await agent.Tasks.CompleteTaskAsync(new CompleteTaskRequest { Id = task.Id, Fence = agent.FenceOf(task), Result = result });
        var done = await SeesAsync(watch, t => t.Status == RoleTaskStatus.Completed);

        Assert.True(done is { Result: { } came, ProgressPercent: 100, AssignedTo: "checker" } && came.Equals(result));
        Assert.False(await watch.ResponseStream.MoveNext());
        Assert.Equal(["PENDING", "ASSIGNED", "IN_PROGRESS"], (await _platform.AuditOfAsync($"task/{sent.Id}", 4)).Skip(1).Select(e => e.Metadata.Fields["from"].StringValue));
        Assert.Equal([0L], await _platform.SqlAsync<long>("SELECT count(*) FROM session.dispatches"));
        await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>("SELECT count(*) FROM registry.task_reports"))[0] == 0, "all is told");
    }

    [Fact]
    public async Task It_waits_for_an_agent_and_comes_back_when_one_loses_it()
    {
        var sender = await SenderAsync();
        var sent = await sender.SendAsync(NewTask("dispatch-late"));
        await Eventually.TrueAsync(async () => (await OfRegistryAsync(sent.Id)).Count == 1, "Registry has it");

        // It takes the task and does not start it.
        var agent = await TaskAgent.RegisterAsync(_platform, "late", roles: ["dispatch-late"]);
        Assert.Equal(1, (await agent.TakeAsync()).Attempt);
        _platform.Clock.Advance(TimeSpan.FromMinutes(2));
        await BecomesAsync(sender, sent.Id, t => t is { Status: RoleTaskStatus.Pending, AssignedTo: "" } && t.Reason.StartsWith("LEASE_LOST", StringComparison.Ordinal));
        var again = await agent.StartedAsync();
        Assert.Equal(2, again.Attempt);
        await agent.Tasks.FailTaskAsync(new FailTaskRequest { Id = again.Id, Fence = agent.FenceOf(again), Reason = "NO_SUCH_INVOICE", Message = "It is not there.", Permanent = true });
        var failed = await BecomesAsync(sender, sent.Id, t => t.Status == RoleTaskStatus.Failed);
        Assert.Equal("NO_SUCH_INVOICE: It is not there.", failed.Reason);
    }

    [Fact]
    public async Task What_its_sender_cancels_or_runs_out_of_time_is_called_off_at_the_agent()
    {
        var agent = await TaskAgent.RegisterAsync(_platform, "stopper", roles: ["dispatch-stop"]);
        var sender = await SenderAsync();
        var cancelled = await sender.SendAsync(NewTask("dispatch-stop"));
        var task = await agent.StartedAsync();
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "TASK_DISPATCHED", () => sender.MoveAsync(cancelled.Id, RoleTaskStatus.Assigned, "stopper"));
        await sender.MoveAsync(cancelled.Id, RoleTaskStatus.Cancelled);
        await Eventually.TrueAsync(async () => (await agent.Tasks.ReportProgressAsync(new ReportProgressRequest { Id = task.Id, Fence = agent.FenceOf(task) })).CancelRequested,
            "the agent is told to stop");
        await agent.Tasks.FailTaskAsync(new FailTaskRequest { Id = task.Id, Fence = agent.FenceOf(task), Reason = "STOPPED" });
        await Eventually.TrueAsync(async () => await OfRegistryAsync(cancelled.Id) is ["cancelled"], "it is cancelled at Registry, too");

        // Nobody of this role is there.
        var request = NewTask("dispatch-nobody");
        request.TimeoutSeconds = 1;
        var late = await sender.SendAsync(request);
        _platform.Clock.Advance(TimeSpan.FromSeconds(2));
        await BecomesAsync(sender, late.Id, t => t.Status == RoleTaskStatus.Timeout);
        await Eventually.TrueAsync(async () => await OfRegistryAsync(late.Id) is ["cancelled"], "it is cancelled at Registry, too");
        Assert.Equal(RoleTaskStatus.Cancelled, (await sender.ReadAsync(cancelled.Id)).Status);
    }

    [Fact]
    public async Task What_is_sent_while_Registry_is_away_arrives_once_whoever_fetches_it()
    {
        var sender = await SenderAsync();
        await _platform.StopAsync("registry");
        var sent = new List<string>();
        for (var i = 0; i < 150; i++)
            sent.Add((await sender.SendAsync(NewTask("dispatch-many"))).Id);
        await sender.MoveAsync(sent[0], RoleTaskStatus.Cancelled);

        await _platform.StartAsync("registry");
        await using var other = await _platform.StartAnotherAsync("registry");
        await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>("SELECT count(*) FROM session.dispatches"))[0] == 0, "all is fetched");
        Assert.Equal(sent.Select(id => $"session/task/{id}").Order(), await _platform.SqlAsync<string>("SELECT origin FROM registry.tasks WHERE queue IN (SELECT key FROM registry.pools WHERE role = 'dispatch-many') ORDER BY origin"));

        var agent = await TaskAgent.RegisterAsync(_platform, "busy", roles: ["dispatch-many"]);
        var done = new List<string>();
        while (done.Count < sent.Count - 1)
            foreach (var task in await agent.PollAsync(64, 5))
            {
                await agent.CompleteAsync(task);
                done.Add(task.Origin["session/task/".Length..]);
            }
        Assert.Equal(sent.Skip(1).Order(), done.Order());
        await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>("SELECT count(*) FROM session.tasks WHERE to_role = 'dispatch-many' AND status = 'completed'"))[0] == 149,
            "Session knows all of it");
    }

    [Fact]
    public async Task A_report_that_is_old_or_of_a_task_that_has_ended_changes_nothing()
    {
        var sender = await SenderAsync();
        // No Registry fetches it.
        var sent = await sender.SendAsync(TaskCalls.NewTask());
        await _platform.SqlAsync<int>("UPDATE session.tasks SET dispatch = true WHERE id = $1", Guid.Parse(sent.Id));
        var registry = await _platform.ClientAsync<Dispatches>(Tokens.Service("registry"));
        async Task<int> ReportAsync(long version, RoleTaskStatus status) => (await registry.ReportTasksAsync(
            new ReportTasksRequest { Reports = { new TaskReport { TaskId = sent.Id, Version = version, Status = status, AssignedTo = "someone" } } })).AppliedCount;

        Assert.Equal(1, await ReportAsync(3, RoleTaskStatus.InProgress));
        Assert.Equal(0, await ReportAsync(3, RoleTaskStatus.Assigned));
        Assert.Equal(0, await ReportAsync(2, RoleTaskStatus.Failed));
        Assert.Equal(1, await ReportAsync(4, RoleTaskStatus.Failed));
        Assert.Equal(0, await ReportAsync(5, RoleTaskStatus.Pending));
        Assert.Equal(RoleTaskStatus.Failed, (await sender.ReadAsync(sent.Id)).Status);
        Assert.Equal(0, (await registry.ReportTasksAsync(new ReportTasksRequest { Reports = { new TaskReport { TaskId = Guid.NewGuid().ToString(), Version = 1, Status = RoleTaskStatus.Failed } } })).AppliedCount);
    }

    [Fact]
    public async Task Bad_reports_are_refused_and_so_is_everybody_but_a_service()
    {
        var registry = await _platform.ClientAsync<Dispatches>(Tokens.Service("registry"));
        await Refusal.ExpectFieldsAsync(async () => await registry.ReportTasksAsync(new ReportTasksRequest()), "reports");
        await Refusal.ExpectFieldsAsync(async () => await registry.ReportTasksAsync(new ReportTasksRequest
        {
            Reports = { new TaskReport { TaskId = "x", Version = 0, Status = RoleTaskStatus.Timeout, ProgressPercent = 140, AssignedTo = "Not a name", Result = new Struct() } },
        }), "reports[0].task_id", "reports[0].version", "reports[0].status", "reports[0].progress_percent", "reports[0].result", "reports[0].assigned_to");
        await Refusal.ExpectFieldsAsync(async () => await registry.AcknowledgeDispatchesAsync(new AcknowledgeDispatchesRequest { Ids = { "x" } }), "ids[0]");
        await Refusal.ExpectFieldsAsync(async () => await registry.FetchDispatchesAsync(new FetchDispatchesRequest { PageSize = 101, Wait = TimeSpan.FromSeconds(26).ToDuration() }), "page_size", "wait");
        foreach (var token in new[] { Tokens.Operator(), Tokens.Agent("nosy"), Tokens.Superuser() })
            Assert.Equal(StatusCode.PermissionDenied,
                (await Assert.ThrowsAsync<RpcException>(async () => await (await _platform.ClientAsync<Dispatches>(token)).FetchDispatchesAsync(new FetchDispatchesRequest()))).StatusCode);
    }

    // Registry fetches by itself, so it must run, whether the test calls it first or not at all.
    private async Task<Client> SenderAsync()
    {
        await _platform.StartAsync("registry");
        return await _platform.ClientAsync<Client>(Tokens.Operator("sender"));
    }

    private static NewTaskRequest NewTask(string role)
    {
        var request = TaskCalls.NewTask();
        (request.ToRole, request.Priority, request.Dispatch) = (role, 7, true);
        return request;
    }

    private Task<List<string>> OfRegistryAsync(string id) => _platform.SqlAsync<string>("SELECT status FROM registry.tasks WHERE origin = $1", $"session/task/{id}");

    private static async Task<RoleTask> BecomesAsync(Client client, string id, Func<RoleTask, bool> wanted)
    {
        RoleTask? seen = null;
        await Eventually.TrueAsync(async () => wanted(seen = await client.ReadAsync(id)), $"the task changes as it should from {seen}");
        return seen!;
    }

    private static async Task<RoleTask> SeesAsync(AsyncServerStreamingCall<Contracts.Session.V1.WatchTaskResponse> watch, Func<RoleTask, bool> wanted)
    {
        while (await watch.ResponseStream.MoveNext())
            if (wanted(watch.ResponseStream.Current.Task))
                return watch.ResponseStream.Current.Task;
        throw new InvalidOperationException("The stream ended");
    }
}
