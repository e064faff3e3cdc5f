using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Approvals;

/// <summary>
/// <c>agentctl approval approve</c> and <c>reject</c>: shows what is asked for, asks, and decides on the digest of just what was shown.
/// </summary>
public static class ApprovalDecideCommand
{
    private static readonly string[] Roles = [GatewayConnection.Operator, "superuser"];

    public static Command Create(string name, string description, ApprovalDecision decision)
    {
        var id = ApprovalCommand.NewIdArgument();
        var notes = new Option<string>("--notes") { HelpName = "TEXT", Description = "Why, for the requester and the audit log" };
        var role = new Option<string>("--as") { HelpName = "ROLE", DefaultValueFactory = _ => Roles[0], Description = $"In which role: {string.Join(", ", Roles)}" };
        role.AcceptOnlyFromAmong(Roles);
        var digest = new Option<string>("--digest") { HelpName = "DIGEST", Description = "Only if it is still what this digest stands for; for scripts that showed it to somebody before" };
        var yes = new Option<bool>(Confirmation.Option) { Description = "Does not ask" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command(name, description) { id, notes, role, digest, yes, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(parsed.GetValue(role)!, parsed.GetValue(gateway), parsed.GetValue(data));
            var approvals = connection.Caller.Approvals;
            var approval = (await approvals.GetApprovalAsync(new GetApprovalRequest { Id = parsed.GetValue(id)! }, cancellationToken: cancellation)).Approval;
            Terminal.Out.Write(ApprovalText.Picture(approval, await ApprovalHistory.FindPreviousAsync(connection.Caller, approval, cancellation)));
            if (!parsed.GetValue(yes) && !Confirmation.Ask($"{char.ToUpperInvariant(name[0])}{name[1..]} this?"))
                return ExitCode.Failed;
            var decided = (await approvals.DecideApprovalAsync(
                new DecideApprovalRequest { Id = approval.Id, Decision = decision, Digest = parsed.GetValue(digest) ?? approval.Digest, Notes = parsed.GetValue(notes) ?? "" },
                CallKey.New(), cancellationToken: cancellation)).Approval;
            Console.Out.WriteLine($"Approval {decided.Id} is {ApprovalText.Of(decided.Status)}.");
            return ExitCode.Ok;
        });
        return command;
    }
}
