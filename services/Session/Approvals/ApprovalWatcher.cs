using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Sessions;

/// <summary>Follows an approval until it can change no more.</summary>
public sealed class ApprovalWatcher(ApprovalStore approvals, Wakeups wakeups, StreamGate gate)
{
    /// <summary>The topic that a change of this approval wakes.</summary>
    public static string TopicOf(Guid id) => $"approval/{id}";

    public Task RunAsync(Guid id, IServerStreamWriter<WatchApprovalResponse> output, ServerCallContext context) => gate.RunAsync(context, async stop =>
    {
        using var wakeup = wakeups.Listen(TopicOf(id));
        var toldVersion = 0L;
        while (true)
        {
            var approval = ApprovalRules.Visible(await approvals.FindAsync(id, context), id, context.Caller());
            if (approval.Version != toldVersion)
                await output.WriteAsync(new WatchApprovalResponse { Approval = approval.ToProto() }, stop);
            toldVersion = approval.Version;
            if (approval.IsFinal)
                return;
            await wakeup.WaitAsync(stop);
        }
    });
}
