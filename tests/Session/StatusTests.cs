using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Approvals = AgentPlatform.Contracts.Session.V1.ApprovalService.ApprovalServiceClient;
using Client = AgentPlatform.Contracts.Session.V1.StatusService.StatusServiceClient;
using SessionClient = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;
using Tasks = AgentPlatform.Contracts.Session.V1.TaskService.TaskServiceClient;

namespace AgentPlatform.Tests.Sessions;

public sealed class StatusTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_session_and_its_task_tell_how_they_stand()
    {
        var (token, person) = (Tokens.Agent("asker"), Tokens.Operator("olga"));
        var (statuses, sessions, tasks, approvals) = (await As<Client>(token), await As<SessionClient>(token), await As<Tasks>(token), await As<Approvals>(token));
        var session = await sessions.CreateAsync();
        Assert.False((await StatusAsync(statuses, session.Id)).Progress.HasPercent);

        var (half, done) = (await tasks.SendAsync(TaskCalls.NewTask(sessionId: session.Id)), await tasks.SendAsync(TaskCalls.NewTask(sessionId: session.Id)));
        var operators = await As<Tasks>(person);
        await operators.MoveAsync(half.Id, RoleTaskStatus.Assigned, "doer");
        await operators.MoveAsync(half.Id, RoleTaskStatus.InProgress);
        await operators.TransitionTaskAsync(new TransitionTaskRequest { Id = half.Id, Status = RoleTaskStatus.InProgress, ProgressPercent = 50, ProgressMessage = "Half" });
        await tasks.MoveAsync(done.Id, RoleTaskStatus.Cancelled);
        var (ofTask, ofSession) = (await AskAsync(approvals, taskId: half.Id), await AskAsync(approvals, sessionId: session.Id));
        var decided = await AskAsync(approvals, sessionId: session.Id);
        await (await As<Approvals>(person)).DecideApprovalAsync(new DecideApprovalRequest { Id = decided.Id, Decision = ApprovalDecision.Reject, Digest = decided.Digest });
        await sessions.AppendAsync(session.Id, 12);

        var whole = await StatusAsync(statuses, session.Id);
        Assert.Equal((session.Id, 75, 1L, 1L), (whole.Session.Id, whole.Progress.Percent, whole.Progress.OpenTasks, whole.Progress.EndedTasks));
        Assert.Equal([ofSession.Id, ofTask.Id], whole.OpenApprovals.Select(a => a.Id));
        Assert.Equal(Enumerable.Range(3, 10).Select(i => (long)i), whole.LastEvents.Select(e => e.Sequence));

        var part = await StatusAsync(statuses, half.Id);
        Assert.Equal((half.Id, 50, "Half", 1L, 0L), (part.Task.Id, part.Progress.Percent, part.Progress.Message, part.Progress.OpenTasks, part.Progress.EndedTasks));
        Assert.Equal([ofTask.Id], part.OpenApprovals.Select(a => a.Id));
        Assert.Equal(whole.LastEvents, part.LastEvents);

        // Who is to do the task sees it, and not the session of the one who sent it, nor what he asks for.
        var doer = await StatusAsync(await As<Client>(Tokens.Agent("doer")), half.Id);
        Assert.Equal((half.Id, 0, 0), (doer.Task.Id, doer.LastEvents.Count, doer.OpenApprovals.Count));
        await Refusal.ExpectAsync(StatusCode.NotFound, "STATUS_NOT_FOUND", async () => await StatusAsync(await As<Client>(Tokens.Agent("doer")), session.Id));
        await Refusal.ExpectAsync(StatusCode.NotFound, "STATUS_NOT_FOUND", async () => await StatusAsync(await As<Client>(Tokens.Agent("stranger")), half.Id));
    }

    [Fact]
    public async Task An_overdue_approval_is_not_open_and_a_large_one_comes_without_its_arguments()
    {
        var token = Tokens.Agent("large");
        var (statuses, sessions, approvals) = (await As<Client>(token), await As<SessionClient>(token), await As<Approvals>(token));
        var session = await sessions.CreateAsync();
        var request = new RequestApprovalRequest
        {
            ApproverRole = Role.Operator, Action = "mail.send", Reason = "Large.", SessionId = session.Id, ExpiresIn = TimeSpan.FromMinutes(30).ToDuration(),
            Arguments = new Struct { Fields = { ["text"] = Value.ForString(new string('x', 250_000)) } },
        };
        for (var i = 0; i < 22; i++)
            await approvals.RequestApprovalAsync(request);
        await sessions.AppendEventsAsync(new AppendEventsRequest { SessionId = session.Id, Events = { Enumerable.Range(0, 10).Select(_ => SessionCalls.Event(new string('m', 8_000))) } });

        var status = await StatusAsync(statuses, session.Id);
        Assert.Equal((20, 10), (status.OpenApprovals.Count, status.LastEvents.Count));
        Assert.All(status.OpenApprovals, a => Assert.Equal((null, 64), (a.Arguments, a.Digest.Length)));
        platform.Clock.Advance(TimeSpan.FromMinutes(31));
        Assert.Empty((await StatusAsync(statuses, session.Id)).OpenApprovals);
    }

    [Fact]
    public async Task What_is_no_id_is_refused()
    {
        var statuses = await As<Client>(Tokens.Operator("olga"));
        await Refusal.ExpectFieldsAsync(() => StatusAsync(statuses, ""), "id");
        await Refusal.ExpectFieldsAsync(() => StatusAsync(statuses, "1; DROP TABLE"), "id");
        await Refusal.ExpectAsync(StatusCode.NotFound, "STATUS_NOT_FOUND", () => StatusAsync(statuses, Guid.CreateVersion7().ToString()));
    }

    private static async Task<FetchStatusResponse> StatusAsync(Client client, string id) => await client.FetchStatusAsync(new FetchStatusRequest { Id = id });

    private static async Task<Approval> AskAsync(Approvals client, string sessionId = "", string taskId = "") => (await client.RequestApprovalAsync(
        new RequestApprovalRequest { ApproverRole = Role.Operator, Action = "mail.send", Reason = "It is ready.", SessionId = sessionId, TaskId = taskId })).Approval;

    private Task<T> As<T>(string token) where T : ClientBase<T> => platform.ClientAsync<T>(token);
}
