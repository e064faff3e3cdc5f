using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Approvals;

/// <summary><c>agentctl approval show</c>: one approval, whole.</summary>
public static class ApprovalShowCommand
{
    public static Command Create()
    {
        var id = ApprovalCommand.NewIdArgument();
        var json = new Option<bool>("--json") { Description = "As a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("show", "Shows an approval with everything that is asked for.") { id, json, gateway, data };
        command.SetAction(async (parsed, cancellation) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var approval = (await connection.Caller.Approvals.GetApprovalAsync(new GetApprovalRequest { Id = parsed.GetValue(id)! }, cancellationToken: cancellation)).Approval;
            if (parsed.GetValue(json))
                Console.Out.WriteLine(ApprovalText.Json(approval));
            else
                Terminal.Out.Write(ApprovalText.Picture(approval, await ApprovalHistory.FindPreviousAsync(connection.Caller, approval, cancellation)));
            return ExitCode.Ok;
        });
        return command;
    }
}
