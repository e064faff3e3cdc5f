namespace AgentPlatform.Sessions;

/// <summary>What webhooks can be told of.</summary>
public static class NoticeTypes
{
    public const string SessionEnded = "session.ended";
    public const string TaskEnded = "task.ended";
    public const string ApprovalRequested = "approval.requested";
    public const string ApprovalDecided = "approval.decided";
    public const string ApprovalExpired = "approval.expired";
    public const string ApprovalEscalated = "approval.escalated";

    /// <summary>Sent when a person asks for it; nothing to subscribe to.</summary>
    public const string Test = "webhook.test";

    /// <summary>All that can be subscribed to.</summary>
    public static IReadOnlyList<string> All { get; } = [SessionEnded, TaskEnded, ApprovalRequested, ApprovalDecided, ApprovalExpired, ApprovalEscalated];
}
