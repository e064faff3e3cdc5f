using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Approvals;

/// <summary><c>agentctl approval list</c>: what waits, or what was.</summary>
public static class ApprovalListCommand
{
    private const int LargestPage = 500;
    private const string Any = "any";
    private static readonly string[] States = [.. Enum.GetValues<ApprovalStatus>().Where(s => s != ApprovalStatus.Unspecified).Select(ApprovalText.Of), Any];

    public static Command Create()
    {
        var status = new Option<string>("--status") { HelpName = "STATE", DefaultValueFactory = _ => ApprovalText.Of(ApprovalStatus.ApprovalPending), Description = $"Only those in this state: {string.Join(", ", States)}" };
        status.AcceptOnlyFromAmong(States);
        var agent = new Option<string>("--agent") { HelpName = "ID", Description = "Only this agent's" };
        var session = new Option<string>("--session") { HelpName = "ID", Description = "Only this session's" };
        var json = new Option<bool>("--json") { Description = "The whole approvals, each as a line of JSON" };
        var (limit, gateway, data) = (LimitOption.Create(), GatewayConnection.NewOption(), DataFolder.NewOption());

        var command = new Command("list", "Lists approvals that wait for a decision, newest first.") { status, agent, session, limit, json, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            var request = new ListApprovalsRequest
            {
                Status = Enum.GetValues<ApprovalStatus>().FirstOrDefault(s => ApprovalText.Of(s) == parsed.GetValue(status)),
                AgentId = parsed.GetValue(agent) ?? "",
                SessionId = parsed.GetValue(session) ?? "",
            };
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            return await RunAsync(connection.Caller, request, parsed.GetValue(limit), parsed.GetValue(json));
        });
        return command;
    }

    private static async Task<int> RunAsync(GatewayCaller caller, ListApprovalsRequest request, int limit, bool json)
    {
        var approvals = new List<Approval>();
        do
        {
            request.PageSize = Math.Min(LargestPage, limit - approvals.Count);
            var page = await caller.Approvals.ListApprovalsAsync(request);
            approvals.AddRange(page.Approvals);
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0 && approvals.Count < limit);

        if (json)
            approvals.ForEach(a => Console.Out.WriteLine(ApprovalText.Json(a)));
        else if (approvals.Count == 0)
            Console.Error.WriteLine("There are no such approvals.");
        else
            Terminal.Out.Write(ApprovalText.Table(approvals));
        if (request.PageToken.Length > 0)
            Console.Error.WriteLine("There are more; a larger --limit shows them.");
        return ExitCode.Ok;
    }
}
