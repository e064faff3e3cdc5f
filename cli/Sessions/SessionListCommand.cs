using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Sessions;

/// <summary><c>agentctl session list</c>.</summary>
public static class SessionListCommand
{
    private const int LargestPage = 500;
    private static readonly string[] States = [.. Enum.GetValues<SessionStatus>().Where(s => s != SessionStatus.Unspecified).Select(s => RpcText.Of(s).ToLowerInvariant())];

    public static Command Create()
    {
        var status = new Option<string>("--status") { HelpName = "STATE", Description = $"Only those in this state: {string.Join(", ", States)}" };
        status.AcceptOnlyFromAmong(States);
        var role = new Option<string>("--role") { HelpName = "ROLE", Description = "Only those of this role" };
        var agent = new Option<string>("--agent") { HelpName = "ID", Description = "Only this agent's" };
        var json = new Option<bool>("--json") { Description = "The whole sessions, each as a line of JSON" };
        var (limit, gateway, data) = (LimitOption.Create(), GatewayConnection.NewOption(), DataFolder.NewOption());

        var command = new Command("list", "Lists sessions, newest first.") { status, role, agent, limit, json, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            var request = new ListSessionsRequest
            {
                Status = parsed.GetValue(status) is { } named ? Enum.Parse<SessionStatus>(named, ignoreCase: true) : SessionStatus.Unspecified,
                Role = parsed.GetValue(role) ?? "",
                AgentId = parsed.GetValue(agent) ?? "",
            };
            using var connection = GatewayConnection.Open(parsed.GetValue(gateway), parsed.GetValue(data), "operator");
            return await RunAsync(connection.Caller, request, parsed.GetValue(limit), parsed.GetValue(json));
        });
        return command;
    }

    private static async Task<int> RunAsync(GatewayCaller caller, ListSessionsRequest request, int limit, bool json)
    {
        var sessions = new List<Session>();
        do
        {
            request.PageSize = Math.Min(LargestPage, limit - sessions.Count);
            var page = await caller.Sessions.ListSessionsAsync(request);
            sessions.AddRange(page.Sessions);
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0 && sessions.Count < limit);

        if (json)
            sessions.ForEach(s => Console.Out.WriteLine(SessionText.Json(s)));
        else if (sessions.Count == 0)
            Console.Error.WriteLine("There are no such sessions.");
        else
            Terminal.Out.Write(SessionText.Table(sessions));
        if (request.PageToken.Length > 0)
            Console.Error.WriteLine("There are more; a larger --limit shows them.");
        return ExitCode.Ok;
    }
}
