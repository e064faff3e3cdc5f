using System.CommandLine;
using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Cli.Sessions;

/// <summary><c>agentctl session list</c>: sessions by filters, page after page.</summary>
public static class SessionListCommand
{
    private const int DefaultLimit = 50;
    private const int LargestLimit = 100_000;
    private const int LargestPage = 500;
    private static readonly string[] Statuses = [.. Enum.GetValues<SessionStatus>().Where(s => s != SessionStatus.Unspecified).Select(s => RpcText.Of(s).ToLowerInvariant())];

    public static Command Create()
    {
        var status = new Option<string>("--status") { HelpName = "STATUS", Description = $"Only sessions in this state: {string.Join(", ", Statuses)}" };
        status.AcceptOnlyFromAmong(Statuses);
        var role = new Option<string>("--role") { HelpName = "NAME", Description = "Only this role's" };
        var agent = new Option<string>("--agent") { HelpName = "ID", Description = "Only this agent's" };
        var subject = new Option<string>("--subject") { HelpName = "TYPE[/ID]", Description = "Only sessions about this type of subject, or this very one: 'booking/B-1'" };
        var metadata = new Option<string>("--metadata") { HelpName = "JSON", Description = "Only sessions whose metadata contain this object: '{\"booking\":\"B-1\"}'" };
        var from = TimeOption.Create("--from", "Only sessions that were created at this time or later");
        var to = TimeOption.Create("--to", "Only sessions that were created before this time");
        var limit = new Option<int>("--limit") { HelpName = "N", DefaultValueFactory = _ => DefaultLimit, Description = $"How many at most, up to {LargestLimit:N0}" };
        limit.Validators.Add(given =>
        {
            if (given.GetValue(limit) is < 1 or > LargestLimit)
                given.AddError($"--limit must be 1 to {LargestLimit:N0}.");
        });
        var json = new Option<bool>("--json") { Description = "The whole sessions, each as a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());

        var command = new Command("list", "Lists sessions, newest first.") { status, role, agent, subject, metadata, from, to, limit, json, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            var about = (parsed.GetValue(subject) ?? "").Split('/', 2);
            var request = new ListSessionsRequest
            {
                Status = parsed.GetValue(status) is { } named ? Enum.Parse<SessionStatus>(named, ignoreCase: true) : SessionStatus.Unspecified,
                Role = parsed.GetValue(role) ?? "",
                AgentId = parsed.GetValue(agent) ?? "",
                SubjectType = about[0],
                SubjectId = about.ElementAtOrDefault(1) ?? "",
                MetadataContains = parsed.GetValue(metadata) ?? "",
                StartTime = parsed.GetValue(from),
                EndTime = parsed.GetValue(to),
            };
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
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
            Console.Error.WriteLine($"There are more; --limit {Math.Min(LargestLimit, 10L * limit)} shows them.");
        return ExitCode.Ok;
    }
}
