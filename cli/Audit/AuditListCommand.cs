using System.CommandLine;
using AgentPlatform.Contracts.Audit.V1;

namespace AgentPlatform.Cli.Audit;

/// <summary><c>agentctl audit list</c>: entries by filters, page after page.</summary>
public static class AuditListCommand
{
    private const int DefaultLimit = 50;
    private const int LargestLimit = 100_000;
    private const int LargestPage = 500;
    private static readonly string[] Outcomes = [.. Enum.GetValues<Outcome>().Where(o => o != Outcome.Unspecified).Select(o => RpcText.Of(o).ToLowerInvariant())];

    public static Command Create()
    {
        var agent = new Option<string>("--agent") { HelpName = "ID", Description = "Only this agent's" };
        var operation = new Option<string>("--operation") { HelpName = "NAME", Description = "Only this operation, or all of a noun: 'costing.*'" };
        var resource = new Option<string>("--resource") { HelpName = "PREFIX", Description = "Only resources that start with this" };
        var outcome = new Option<string>("--outcome") { HelpName = "OUTCOME", Description = $"Only this outcome: {string.Join(", ", Outcomes)}" };
        outcome.AcceptOnlyFromAmong(Outcomes);
        var authorizedBy = new Option<string>("--authorized-by") { HelpName = "WHO", Description = "Only what this person allowed" };
        var session = new Option<string>("--session") { HelpName = "ID", Description = "Only this session" };
        var correlation = new Option<string>("--correlation") { HelpName = "ID", Description = "Only this correlation id" };
        var trace = new Option<string>("--trace") { HelpName = "ID", Description = "Only this trace" };
        var metadata = new Option<string>("--metadata") { HelpName = "JSON", Description = "Only entries whose metadata contain this object: '{\"booking\":\"B-1\"}'" };
        var from = TimeOption.Create("--from", "Only what happened at this time or later");
        var to = TimeOption.Create("--to", "Only what happened before this time");
        var oldest = new Option<bool>("--oldest-first") { Description = "The oldest first instead of the newest" };
        var limit = new Option<int>("--limit") { HelpName = "N", DefaultValueFactory = _ => DefaultLimit, Description = $"How many at most, up to {LargestLimit:N0}" };
        limit.Validators.Add(given =>
        {
            if (given.GetValue(limit) is < 1 or > LargestLimit)
                given.AddError($"--limit must be 1 to {LargestLimit:N0}.");
        });
        var json = new Option<bool>("--json") { Description = "The whole entries, each as a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());

        var command = new Command("list", "Lists entries, newest first.")
        {
            agent, operation, resource, outcome, authorizedBy, session, correlation, trace, metadata, from, to, oldest, limit, json, gateway, data,
        };
        command.SetAction(async (parsed, _) =>
        {
            var request = new ListEntriesRequest
            {
                AgentId = parsed.GetValue(agent) ?? "",
                Operation = parsed.GetValue(operation) ?? "",
                ResourcePrefix = parsed.GetValue(resource) ?? "",
                Outcome = parsed.GetValue(outcome) is { } named ? Enum.Parse<Outcome>(named, ignoreCase: true) : Outcome.Unspecified,
                AuthorizedBy = parsed.GetValue(authorizedBy) ?? "",
                SessionId = parsed.GetValue(session) ?? "",
                CorrelationId = parsed.GetValue(correlation) ?? "",
                TraceId = parsed.GetValue(trace) ?? "",
                MetadataContains = parsed.GetValue(metadata) ?? "",
                StartTime = parsed.GetValue(from),
                EndTime = parsed.GetValue(to),
                Order = parsed.GetValue(oldest) ? Order.OldestFirst : Order.NewestFirst,
            };
            using var connection = GatewayConnection.Open(GatewayConnection.Auditor, parsed.GetValue(gateway), parsed.GetValue(data));
            return await RunAsync(connection.Caller, request, parsed.GetValue(limit), parsed.GetValue(json));
        });
        return command;
    }

    private static async Task<int> RunAsync(GatewayCaller caller, ListEntriesRequest request, int limit, bool json)
    {
        var entries = new List<AuditEntry>();
        do
        {
            request.PageSize = Math.Min(LargestPage, limit - entries.Count);
            var page = await caller.Audit.ListEntriesAsync(request);
            entries.AddRange(page.Entries);
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0 && entries.Count < limit);

        if (json)
            entries.ForEach(e => Console.Out.WriteLine(EntryText.Json(e)));
        else if (entries.Count == 0)
            Console.Error.WriteLine("There are no such entries.");
        else
            Terminal.Out.Write(EntryText.Table(entries));
        if (request.PageToken.Length > 0)
            Console.Error.WriteLine($"There are more; --limit {Math.Min(LargestLimit, 10L * limit)} shows them.");
        return ExitCode.Ok;
    }
}
