using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Approvals;

/// <summary>What was allowed before: a person sees at once what is new in what is asked for now.</summary>
public static class ApprovalHistory
{
    // Further back nobody remembers, and each has up to 256 KB.
    private const int LookBack = 15;

    /// <summary>The last approval that the same requester got for the same action before this one; null when there is none among the last few.</summary>
    public static async Task<Approval?> FindPreviousAsync(GatewayCaller caller, Approval approval, CancellationToken cancellation)
    {
        var request = new ListApprovalsRequest { Action = approval.Action, AgentId = approval.AgentId, PageSize = LookBack };
        var page = await caller.Approvals.ListApprovalsAsync(request, cancellationToken: cancellation);
        return page.Approvals.FirstOrDefault(a => a.RequestedBy == approval.RequestedBy && string.CompareOrdinal(a.Id, approval.Id) < 0
            && a.Status is ApprovalStatus.ApprovalApproved or ApprovalStatus.ApprovalConsumed);
    }
}
