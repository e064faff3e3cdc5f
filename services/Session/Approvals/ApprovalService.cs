using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using static AgentPlatform.Contracts.Session.V1.ApprovalStatus;

namespace AgentPlatform.Sessions;

/// <summary>The RPCs of approvals. See approval.proto for what each promises.</summary>
public sealed class ApprovalService(
    Database database, ApprovalStore store, SessionStore sessions, TaskStore tasks, Notices notices, Follower follower, ApprovalSettings settings)
    : Contracts.Session.V1.ApprovalService.ApprovalServiceBase
{
    private const string Decided = "approval.decide";
    private const string Used = "approval.consume";

    public override async Task<RequestApprovalResponse> RequestApproval(RequestApprovalRequest request, ServerCallContext context)
    {
        ApprovalRules.Check(request, out var sessionId, out var taskId, out var arguments, out var expiresIn);

        await using var work = await database.BeginAsync(context);
        if (taskId is { } ofTask)
            sessionId = TaskRules.CheckOpen(TaskRules.Visible(await tasks.FindAsync(work, ofTask), ofTask, work.Caller), database.Now).SessionId;
        else if (sessionId is { } id)
            SessionRules.CheckOpen(SessionRules.Visible(await sessions.FindAsync(work, id), id, work.Caller));
        var approval = store.Add(work, request, sessionId, taskId, arguments, expiresIn);
        work.Audit("approval.request", $"approval/{approval.Id}",
            [("action", approval.Action), ("digest", approval.Digest), ("approver_role", Caller.NameOf(approval.ApproverRole)), ("reason", approval.Reason),
                ("task_id", request.TaskId)]);
        notices.ApprovalRequested(work, approval);
        return await work.CommitAsync(new RequestApprovalResponse { Approval = approval.ToProto() });
    }

    public override Task<DecideApprovalResponse> DecideApproval(DecideApprovalRequest request, ServerCallContext context)
    {
        ApprovalRules.Check(request, out var id);
        return OnRecordAsync(context, Decided, id, () => DecideAsync(id, request, context));
    }

    public override async Task<BatchDecideApprovalsResponse> BatchDecideApprovals(BatchDecideApprovalsRequest request, ServerCallContext context)
    {
        ApprovalRules.Check(request, out var ids);

        await using var work = await database.BeginAsync(context);
        var found = (await store.FindToChangeAsync(work, ids)).ToDictionary(a => a.Id);
        var results = request.Decisions.Select((decision, i) => DecideOrRefuse(work, found.GetValueOrDefault(ids[i]), ids[i], decision));
        return await work.CommitAsync(new BatchDecideApprovalsResponse { Results = { results } });
    }

    public override async Task<GetApprovalResponse> GetApproval(GetApprovalRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        var approval = await store.FindAsync(id, context);
        return new GetApprovalResponse { Approval = ApprovalRules.Visible(approval, id, context.Caller()).ToProto() };
    }

    public override async Task<ListApprovalsResponse> ListApprovals(ListApprovalsRequest request, ServerCallContext context)
    {
        ApprovalRules.Check(request, out var sessionId, out var taskId);
        var agentId = context.Caller().NarrowTo(request.AgentId);
        var page = PageRequest.Read("approvals", request.PageSize, request.PageToken, request.Status, sessionId, taskId, agentId, request.Action);

        var (rows, next) = await store.ListAsync(page, request, sessionId, taskId, agentId, context);
        return new ListApprovalsResponse { Approvals = { rows.Select(a => a.ToProto()) }, NextPageToken = next };
    }

    public override Task WatchApproval(WatchApprovalRequest request, IServerStreamWriter<WatchApprovalResponse> responseStream, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();
        return follower.RunAsync(context, ApprovalRules.TopicOf(id), async () => ApprovalRules.Visible(await store.FindAsync(id, context), id, context.Caller()),
            approval => approval.Version, approval => approval.IsFinal,
            (approval, stop) => responseStream.WriteAsync(new WatchApprovalResponse { Approval = approval.ToProto() }, stop));
    }

    public override Task<ConsumeApprovalResponse> ConsumeApproval(ConsumeApprovalRequest request, ServerCallContext context)
    {
        ApprovalRules.Check(request, out var id);
        return OnRecordAsync(context, Used, id, () => ConsumeAsync(id, request, context));
    }

    private async Task<DecideApprovalResponse> DecideAsync(Guid id, DecideApprovalRequest request, ServerCallContext context)
    {
        await using var work = await database.BeginAsync(context);
        var decided = Decide(work, await store.FindToChangeAsync(work, id), id, request);
        return await work.CommitAsync(new DecideApprovalResponse { Approval = decided.ToProto() });
    }

    private ApprovalRecord Decide(UnitOfWork work, ApprovalRecord? found, Guid id, DecideApprovalRequest request)
    {
        var approval = ApprovalRules.Visible(found, id, work.Caller);
        ApprovalRules.CheckDecision(approval, request.Digest, work.Caller, database.Now, settings.AllowSelfDecision);

        var status = request.Decision == ApprovalDecision.Approve ? ApprovalApproved : ApprovalRejected;
        var decided = store.Change(work, approval with { Status = status, DecidedBy = work.Caller.Subject, DecidedAt = database.Now, Notes = request.Notes });
        work.Audit(Decided, $"approval/{id}",
            [("decision", ApprovalRules.Name(status)), ("action", decided.Action), ("digest", decided.Digest), ("requested_by", decided.RequestedBy), ("notes", request.Notes),
                ("self_decision", work.Caller.Subject == decided.RequestedBy ? "true" : "false")],
            authorizedBy: work.Caller.Subject);
        notices.ApprovalDecided(work, decided);
        return decided;
    }

    // A refusal here ends no call, so it is on record in the same unit of work as the decisions beside it.
    private ApprovalResult DecideOrRefuse(UnitOfWork work, ApprovalRecord? found, Guid id, DecideApprovalRequest request)
    {
        try
        {
            return new ApprovalResult { Id = request.Id, Approval = Decide(work, found, id, request).ToProto() };
        }
        catch (PlatformException refusal)
        {
            if (IsOnRecord(refusal))
                work.AuditRefusal(Decided, $"approval/{id}", refusal);
            return new ApprovalResult
            {
                Id = request.Id,
                Refusal = new ApprovalRefusal { Code = (int)refusal.Code, Reason = refusal.Reason, Message = refusal.Message, Facts = { refusal.Facts.ToDictionary() } },
            };
        }
    }

    private async Task<ConsumeApprovalResponse> ConsumeAsync(Guid id, ConsumeApprovalRequest request, ServerCallContext context)
    {
        await using var work = await database.BeginAsync(context);
        var approval = ApprovalRules.Visible(await store.FindToChangeAsync(work, id), id, work.Caller);
        ApprovalRules.CheckUse(approval, ApprovalDigest.Of(request.Action, request.Arguments), work.Caller, database.Now);

        var used = store.Change(work, approval with { Status = ApprovalConsumed, ConsumedAt = database.Now });
        work.Audit(Used, $"approval/{id}", [("action", used.Action), ("digest", used.Digest)], authorizedBy: used.DecidedBy);
        return await work.CommitAsync(new ConsumeApprovalResponse { Approval = used.ToProto() });
    }

    private static bool IsOnRecord(PlatformException refusal) => refusal.Code is StatusCode.FailedPrecondition or StatusCode.PermissionDenied;

    // Somebody tried to pass the gate: that it held is worth an entry as much as that it opened.
    private async Task<T> OnRecordAsync<T>(ServerCallContext context, string operation, Guid id, Func<Task<T>> act)
    {
        try
        {
            return await act();
        }
        catch (PlatformException refusal) when (IsOnRecord(refusal))
        {
            await database.RecordRefusalAsync(context, operation, $"approval/{id}", refusal);
            throw;
        }
    }
}
