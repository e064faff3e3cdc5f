using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Approvals = AgentPlatform.Contracts.Session.V1.ApprovalService.ApprovalServiceClient;
using Client = AgentPlatform.Contracts.Session.V1.TaskService.TaskServiceClient;
using SessionClient = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Sessions;

public sealed class TaskTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public TaskTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["session"] = new Dictionary<string, string> { ["Tasks:SweepEvery"] = "00:00:00.2" };
    }

    [Fact]
    public async Task A_task_is_sent_assigned_done_and_every_step_is_on_the_audit_log()
    {
        var (sender, person, doer) = (await As(Tokens.Agent("sender")), await As(Tokens.Operator("olga")), await As(Tokens.Agent("doer")));
        var sent = await sender.SendAsync();
        Assert.Equal((RoleTaskStatus.Pending, "sender", "", 5, 3_600), (sent.Status, sent.AgentId, sent.AssignedTo, sent.Priority, sent.TimeoutSeconds));
        Assert.Equal(sent.CreateTime.ToDateTimeOffset().AddHours(1), sent.TimeoutTime.ToDateTimeOffset());

        await person.MoveAsync(sent.Id, RoleTaskStatus.Assigned, "doer");
        await doer.MoveAsync(sent.Id, RoleTaskStatus.InProgress);
        var told = (await doer.TransitionTaskAsync(new TransitionTaskRequest
        {
            Id = sent.Id, Status = RoleTaskStatus.InProgress, ProgressPercent = 40, ProgressMessage = "Two of five",
        })).Task;
        Assert.Equal((40, "Two of five"), (told.ProgressPercent, told.ProgressMessage));
        var done = (await doer.TransitionTaskAsync(new TransitionTaskRequest
        {
            Id = sent.Id, Status = RoleTaskStatus.Completed, Result = Struct.Parser.ParseJson("""{"ok": true}"""), Reason = "All fit.",
        })).Task;
        Assert.True(done is { Status: RoleTaskStatus.Completed, ProgressPercent: 100, Version: 5, Result: { } result } && result.Fields["ok"].BoolValue, $"{done}");
        Assert.NotNull(done.EndTime);
        Assert.Equal(done, await sender.ReadAsync(sent.Id));

        var entries = await _platform.AuditOfAsync($"task/{sent.Id}", 5);
        Assert.Equal(["task.create", "task.transition", "task.transition", "task.transition", "task.transition"], entries.Select(e => e.Operation));
    }

    [Fact]
    public async Task The_same_key_names_the_same_task_for_its_sender()
    {
        var (sender, other) = (await As(Tokens.Agent("keyed")), await As(Tokens.Agent("other")));
        var first = await sender.CreateTaskAsync(TaskCalls.NewTask("k1"));
        var again = await sender.CreateTaskAsync(TaskCalls.NewTask("k1"));
        Assert.Equal((false, true, first.Task), (first.Existed, again.Existed, again.Task));

        var changed = new CreateTaskRequest(TaskCalls.NewTask("k1")) { Priority = 9 };
        var refusal = await Refusal.ExpectAsync(StatusCode.AlreadyExists, "TASK_KEY_TAKEN", async () => await sender.CreateTaskAsync(changed));
        Assert.Equal(first.Task.Id, refusal.Facts["task_id"]);
        Assert.NotEqual(first.Task.Id, (await other.CreateTaskAsync(TaskCalls.NewTask("k1"))).Task.Id);

        // As it stands, not as it was.
        await sender.MoveAsync(first.Task.Id, RoleTaskStatus.Cancelled);
        Assert.Equal(RoleTaskStatus.Cancelled, (await sender.CreateTaskAsync(TaskCalls.NewTask("k1"))).Task.Status);
        Assert.Single(await _platform.AuditOfAsync($"task/{first.Task.Id}", 2), e => e.Operation == "task.create");
    }

    [Fact]
    public async Task Of_many_who_send_one_key_at_once_all_get_the_one_task()
    {
        var token = Tokens.Agent("racer");
        await using var other = await _platform.StartAnotherAsync("session");
        Client[] clients = [await As(token), _platform.Client<Client>(other.GrpcAddress, token)];
        for (var round = 0; round < 5; round++)
        {
            var key = $"race-{round}";
            var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => clients[i % 2].CreateTaskAsync(TaskCalls.NewTask(key)).ResponseAsync));
            Assert.Single(answers.Select(a => a.Task.Id).Distinct());
            Assert.Single(answers, a => !a.Existed);
        }
    }

    [Fact]
    public async Task Nobody_takes_steps_that_are_not_theirs()
    {
        var (sender, person, doer, stranger) = (await As(Tokens.Agent("s1")), await As(Tokens.Operator("olga")), await As(Tokens.Agent("d1")), await As(Tokens.Agent("x1")));
        var sent = await sender.SendAsync();
        await Refusal.ExpectAsync(StatusCode.NotFound, "TASK_NOT_FOUND", () => stranger.ReadAsync(sent.Id));
        await Refusal.ExpectAsync(StatusCode.NotFound, "TASK_NOT_FOUND", () => doer.MoveAsync(sent.Id, RoleTaskStatus.InProgress));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOUR_STEP", () => sender.MoveAsync(sent.Id, RoleTaskStatus.Assigned, "s1"));
        await person.MoveAsync(sent.Id, RoleTaskStatus.Assigned, "d1");
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOUR_STEP", () => sender.MoveAsync(sent.Id, RoleTaskStatus.InProgress));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOUR_STEP", () => doer.MoveAsync(sent.Id, RoleTaskStatus.Cancelled));
        await Refusal.ExpectAsync(StatusCode.NotFound, "TASK_NOT_FOUND", () => stranger.MoveAsync(sent.Id, RoleTaskStatus.InProgress));

        Assert.Equal([sent.Id], (await doer.ListTasksAsync(new ListTasksRequest())).Tasks.Select(t => t.Id));
        Assert.Empty((await stranger.ListTasksAsync(new ListTasksRequest())).Tasks);
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "NOT_YOURS", async () => await stranger.ListTasksAsync(new ListTasksRequest { AgentId = "d1" }));
    }

    [Fact]
    public async Task A_lost_race_and_an_illegal_step_are_told()
    {
        var person = await As(Tokens.Operator("olga"));
        var sent = await person.SendAsync();
        var illegal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", () => person.MoveAsync(sent.Id, RoleTaskStatus.Completed));
        Assert.Equal(("PENDING", "COMPLETED"), (illegal.Facts["from"], illegal.Facts["to"]));
        await Refusal.ExpectAsync(StatusCode.Aborted, "CONCURRENT_UPDATE",
            async () => await person.TransitionTaskAsync(new TransitionTaskRequest { Id = sent.Id, Status = RoleTaskStatus.Cancelled, Version = 7 }));

        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(async i =>
        {
            try { return (await (await As(Tokens.Operator($"p{i}"))).MoveAsync(sent.Id, RoleTaskStatus.Cancelled)).Status; }
            catch (RpcException e) when (e.StatusCode == StatusCode.FailedPrecondition) { return RoleTaskStatus.Unspecified; }
        }));
        Assert.Single(outcomes, o => o == RoleTaskStatus.Cancelled);
    }

    [Fact]
    public async Task A_task_whose_time_is_up_takes_no_step_and_is_ended_by_itself()
    {
        var (sender, person) = (await As(Tokens.Agent("timer")), await As(Tokens.Operator("olga")));
        var sent = await sender.SendAsync(new CreateTaskRequest(TaskCalls.NewTask()) { TimeoutSeconds = 60 });
        using var watch = sender.WatchTask(new WatchTaskRequest { Id = sent.Id });
        Assert.True(await watch.ResponseStream.MoveNext(default));

        _platform.Clock.Advance(TimeSpan.FromSeconds(61));
        var refusal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", () => person.MoveAsync(sent.Id, RoleTaskStatus.Assigned, "late"));
        Assert.Equal("TIMEOUT", refusal.Facts["from"]);
        // The watcher is told, and the stream ends, since nothing more can come.
        Assert.True(await watch.ResponseStream.MoveNext(default));
        Assert.Equal((RoleTaskStatus.Timeout, 2L), (watch.ResponseStream.Current.Task.Status, watch.ResponseStream.Current.Task.Version));
        Assert.False(await watch.ResponseStream.MoveNext(default));
        Assert.Contains("task.timeout", (await _platform.AuditOfAsync($"task/{sent.Id}", 2)).Select(e => e.Operation));
    }

    [Fact]
    public async Task A_task_without_a_session_goes_when_its_time_is_over_and_with_it_its_approvals()
    {
        var (sender, approvals) = (await As(Tokens.Agent("gone")), await _platform.ClientAsync<Approvals>(Tokens.Agent("gone")));
        var sent = await sender.SendAsync();
        var asked = (await approvals.RequestApprovalAsync(Asking(sent.Id))).Approval;
        await sender.MoveAsync(sent.Id, RoleTaskStatus.Cancelled);
        var kept = await sender.SendAsync();

        _platform.Clock.Advance(TimeSpan.FromDays(7.1));
        await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>($"SELECT count(*) FROM session.tasks WHERE id = '{sent.Id}'"))[0] == 0, "the task is removed");
        await Refusal.ExpectAsync(StatusCode.NotFound, "APPROVAL_NOT_FOUND", async () => await approvals.GetApprovalAsync(new GetApprovalRequest { Id = asked.Id }));
        // Not done in time, but its end is young. Another sweeper sees to that, with its own pace.
        await Eventually.TrueAsync(async () => (await sender.ReadAsync(kept.Id)).Status == RoleTaskStatus.Timeout, "the other one has timed out");
    }

    [Fact]
    public async Task A_watcher_at_another_instance_sees_the_task_go_its_way()
    {
        var (sender, person) = (await As(Tokens.Agent("watched")), await As(Tokens.Operator("olga")));
        await using var other = await _platform.StartAnotherAsync("session");
        var sent = await sender.SendAsync();
        using var watch = _platform.Client<Client>(other.GrpcAddress, Tokens.Agent("watched")).WatchTask(new WatchTaskRequest { Id = sent.Id });
        foreach (var step in new[] { RoleTaskStatus.Pending, RoleTaskStatus.Assigned, RoleTaskStatus.InProgress, RoleTaskStatus.Failed })
        {
            if (step != RoleTaskStatus.Pending)
                await person.MoveAsync(sent.Id, step, step == RoleTaskStatus.Assigned ? "doer" : "");
            Assert.True(await watch.ResponseStream.MoveNext(default));
            Assert.Equal(step, watch.ResponseStream.Current.Task.Status);
        }
        Assert.False(await watch.ResponseStream.MoveNext(default));
    }

    [Fact]
    public async Task Tasks_and_approvals_are_bound_to_an_open_session_and_to_each_other()
    {
        var (sender, approvals) = (await As(Tokens.Agent("bound")), await _platform.ClientAsync<Approvals>(Tokens.Agent("bound")));
        var sessions = await _platform.ClientAsync<SessionClient>(Tokens.Agent("bound"));
        var session = await sessions.CreateAsync();
        var task = await sender.SendAsync(TaskCalls.NewTask(sessionId: session.Id));
        var asked = (await approvals.RequestApprovalAsync(Asking(task.Id))).Approval;
        Assert.Equal((task.Id, session.Id), (asked.TaskId, asked.SessionId));
        Assert.Equal([asked.Id], (await approvals.ListApprovalsAsync(new ListApprovalsRequest { TaskId = task.Id })).Approvals.Select(a => a.Id));
        Assert.Equal([asked.Id], (await approvals.ListApprovalsAsync(new ListApprovalsRequest { SessionId = session.Id, Action = "mail.send" })).Approvals.Select(a => a.Id));

        // Another's task is as if it were not there.
        var stranger = await _platform.ClientAsync<Approvals>(Tokens.Agent("stranger"));
        await Refusal.ExpectAsync(StatusCode.NotFound, "TASK_NOT_FOUND", async () => await stranger.RequestApprovalAsync(Asking(task.Id)));
        await Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND", async () => await (await As(Tokens.Agent("stranger"))).CreateTaskAsync(TaskCalls.NewTask(sessionId: session.Id)));

        await sender.MoveAsync(task.Id, RoleTaskStatus.Cancelled);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "TASK_ENDED", async () => await approvals.RequestApprovalAsync(Asking(task.Id)));
        await sessions.MoveAsync(session.Id, SessionStatus.Cancelled);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "SESSION_ENDED", () => sender.SendAsync(TaskCalls.NewTask(sessionId: session.Id)));
    }

    [Fact]
    public async Task Lists_filter_and_page()
    {
        var (sender, person) = (await As(Tokens.Agent("lister")), await As(Tokens.Operator("olga")));
        var sent = new List<string>();
        for (var i = 0; i < 5; i++)
            sent.Add((await sender.SendAsync(new CreateTaskRequest(TaskCalls.NewTask()) { ToRole = i % 2 == 0 ? "even" : "odd" })).Id);
        sent.Reverse();

        var seen = new List<string>();
        var request = new ListTasksRequest { PageSize = 2, AgentId = "lister" };
        do
        {
            var page = await person.ListTasksAsync(request);
            seen.AddRange(page.Tasks.Select(t => t.Id));
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0);
        Assert.Equal(sent, seen);
        Assert.Equal(2, (await sender.ListTasksAsync(new ListTasksRequest { ToRole = "odd", Status = RoleTaskStatus.Pending })).Tasks.Count);
        Assert.Empty((await sender.ListTasksAsync(new ListTasksRequest { ToRole = "odd", Status = RoleTaskStatus.Failed })).Tasks);
    }

    [Fact]
    public async Task A_page_of_large_tasks_fits_into_a_message_and_nothing_is_left_out()
    {
        var agent = await As(Tokens.Agent("heavy"));
        // Small as JSON, and six times as large as protobuf.
        var numbers = new ListValue { Values = { Enumerable.Repeat(Value.ForNumber(1), 45_000) } };
        var text = Value.ForString(new string('x', 250_000));
        for (var i = 0; i < 12; i++)
            await agent.SendAsync(new CreateTaskRequest(TaskCalls.NewTask())
            {
                Payload = new Struct { Fields = { ["x"] = i % 2 == 0 ? text : new Value { ListValue = numbers } } },
            });

        var (ids, request) = (new List<string>(), new ListTasksRequest { PageSize = 500 });
        do
        {
            var page = await agent.ListTasksAsync(request);
            ids.AddRange(page.Tasks.Select(t => t.Id));
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0);
        Assert.Equal(12, ids.Distinct().Count());
        Assert.Equal(ids.OrderDescending(StringComparer.Ordinal), ids);
    }

    [Fact]
    public async Task Bad_requests_are_refused_with_their_fields()
    {
        var (agent, person) = (await As(Tokens.Agent("clumsy")), await As(Tokens.Operator("olga")));
        Task SendAsync(Action<CreateTaskRequest> spoil)
        {
            var request = TaskCalls.NewTask();
            spoil(request);
            return agent.SendAsync(request);
        }
        await Refusal.ExpectFieldsAsync(async () => await agent.CreateTaskAsync(new CreateTaskRequest()), "type", "from_role", "to_role");
        await Refusal.ExpectFieldsAsync(() => SendAsync(r => r.FromRole = "A Role"), "from_role");
        await Refusal.ExpectFieldsAsync(() => SendAsync(r => r.ToRole = new string('a', 65)), "to_role");
        await Refusal.ExpectFieldsAsync(() => SendAsync(r => r.Priority = 10), "priority");
        await Refusal.ExpectFieldsAsync(() => SendAsync(r => r.Priority = -1), "priority");
        await Refusal.ExpectFieldsAsync(() => SendAsync(r => r.TimeoutSeconds = -5), "timeout_seconds");
        await Refusal.ExpectFieldsAsync(() => SendAsync(r => r.TimeoutSeconds = int.MaxValue), "timeout_seconds");
        await Refusal.ExpectFieldsAsync(() => SendAsync(r => r.TraceId = "XYZ"), "trace_id");
        await Refusal.ExpectFieldsAsync(() => SendAsync(r => r.IdempotencyKey = new string('k', 256)), "idempotency_key");
        await Refusal.ExpectFieldsAsync(() => SendAsync(r => r.IdempotencyKey = "a\0b"), "idempotency_key");
        await Refusal.ExpectFieldsAsync(() => SendAsync(r => r.SessionId = "17"), "session_id");
        await Refusal.ExpectFieldsAsync(() => SendAsync(r => r.Payload = new Struct { Fields = { ["x"] = Value.ForString(new string('x', 256 * 1024)) } }), "payload");
        await Refusal.ExpectFieldsAsync(() => SendAsync(r => r.Payload = new Struct { Fields = { ["x"] = Value.ForNumber(double.NaN) } }), "payload");

        Task MoveAsync(RoleTaskStatus to, Action<TransitionTaskRequest> spoil)
        {
            var request = new TransitionTaskRequest { Id = Guid.Empty.ToString(), Status = to };
            spoil(request);
            return person.TransitionTaskAsync(request).ResponseAsync;
        }
        await Refusal.ExpectFieldsAsync(() => MoveAsync(RoleTaskStatus.Unspecified, r => r.Id = ""), "id", "status");
        await Refusal.ExpectFieldsAsync(() => MoveAsync(RoleTaskStatus.Timeout, _ => { }), "status");
        await Refusal.ExpectFieldsAsync(() => MoveAsync((RoleTaskStatus)99, _ => { }), "status");
        await Refusal.ExpectFieldsAsync(() => MoveAsync(RoleTaskStatus.Assigned, _ => { }), "assigned_to");
        await Refusal.ExpectFieldsAsync(() => MoveAsync(RoleTaskStatus.Cancelled, r => r.AssignedTo = "a"), "assigned_to");
        await Refusal.ExpectFieldsAsync(() => MoveAsync(RoleTaskStatus.InProgress, r => r.ProgressPercent = 101), "progress_percent");
        await Refusal.ExpectFieldsAsync(() => MoveAsync(RoleTaskStatus.Failed, r => r.ProgressPercent = 10), "progress_percent");
        await Refusal.ExpectFieldsAsync(() => MoveAsync(RoleTaskStatus.InProgress, r => r.Result = new Struct()), "result");
        await Refusal.ExpectFieldsAsync(() => MoveAsync(RoleTaskStatus.Cancelled, r => r.Version = -1), "version");
        await Refusal.ExpectFieldsAsync(() => MoveAsync(RoleTaskStatus.Cancelled, r => r.Reason = new string('r', 1_001)), "reason");
        await Refusal.ExpectFieldsAsync(async () => await person.ListTasksAsync(new ListTasksRequest { SessionId = "x", Status = (RoleTaskStatus)99, ToRole = "A" }),
            "session_id", "status", "to_role");
        await Refusal.ExpectAsync(StatusCode.NotFound, "TASK_NOT_FOUND", () => MoveAsync(RoleTaskStatus.Cancelled, _ => { }));
    }

    private static RequestApprovalRequest Asking(string taskId) => new() { ApproverRole = Role.Operator, Action = "mail.send", Reason = "It is ready.", TaskId = taskId };

    private Task<Client> As(string token) => _platform.ClientAsync<Client>(token);
}
