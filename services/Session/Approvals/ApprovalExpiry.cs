using AgentPlatform.Contracts.Session.V1;
using static AgentPlatform.Contracts.Session.V1.ApprovalStatus;

namespace AgentPlatform.Sessions;

/// <summary>
/// Ends or escalates approvals whose time has passed: never in silence, each has its audit entry, and its watchers are told. Several instances
/// share the work.
/// </summary>
public sealed class ApprovalExpiry(
    Database database, ApprovalStore store, Notices notices, ApprovalSettings settings, TimeProvider clock, ILogger<ApprovalExpiry> log)
    : Sweeper(settings.SweepEvery, clock, log)
{
    private const int BatchApprovals = 100;

    protected override async Task SweepAsync(CancellationToken cancellation)
    {
        while (await SettleAsync(cancellation) == BatchApprovals) { }
    }

    private async Task<int> SettleAsync(CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var overdue = await store.FindOverdueAsync(work, BatchApprovals);
        // Without a commit nothing has happened, which is right when there was nothing.
        if (overdue.Count == 0)
            return 0;
        foreach (var approval in overdue)
            Settle(work, approval);
        await work.CommitAsync();
        return overdue.Count;
    }

    private void Settle(UnitOfWork work, ApprovalRecord approval)
    {
        if (approval is { Status: ApprovalPending, OnExpiry: OnExpiry.Escalate, Escalated: false })
        {
            var span = approval.ExpiresAt - approval.CreatedAt;
            notices.ApprovalEscalated(work, store.Change(work, approval with { ApproverRole = approval.EscalateTo, ExpiresAt = database.Now + span, Escalated = true }));
            work.Audit("approval.escalate", $"approval/{approval.Id}", [("from", Caller.NameOf(approval.ApproverRole)), ("to", Caller.NameOf(approval.EscalateTo))]);
            return;
        }
        notices.ApprovalExpired(work, store.Change(work, approval with { Status = ApprovalExpired }), was: approval.Status);
        work.Audit("approval.expire", $"approval/{approval.Id}", [("was", ApprovalRules.Name(approval.Status)), ("action", approval.Action)]);
    }
}
