using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Approvals;

/// <summary><c>agentctl approval</c>: what waits for a person, and the person's word.</summary>
public static class ApprovalCommand
{
    public static Command Create() => new("approval", "Shows what waits for a person's approval, and decides it.")
    {
        ApprovalListCommand.Create(),
        ApprovalShowCommand.Create(),
        ApprovalDecideCommand.Create("approve", "Approves it: it can then be done once, exactly as shown.", ApprovalDecision.Approve),
        ApprovalDecideCommand.Create("reject", "Rejects it.", ApprovalDecision.Reject),
    };

    /// <summary>The argument that names an approval.</summary>
    public static Argument<string> NewIdArgument() => new("ID") { Description = "The approval's id" };
}
