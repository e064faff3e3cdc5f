using System.CommandLine;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Cli.Agents;

/// <summary><c>agentctl agent list</c>: agents by filters, page after page.</summary>
public static class AgentListCommand
{
    private const int LargestPage = 500;
    private static readonly string[] Statuses = Words<AgentStatus>();
    private static readonly string[] Platforms = Words<Platform>();

    public static Command Create()
    {
        var status = new Option<string>("--status") { HelpName = "STATUS", Description = $"Only agents with this status: {string.Join(", ", Statuses)}" };
        status.AcceptOnlyFromAmong(Statuses);
        var platform = new Option<string>("--platform") { HelpName = "KIND", Description = $"Only agents on this kind of machine: {string.Join(", ", Platforms)}" };
        platform.AcceptOnlyFromAmong(Platforms);
        var online = new Option<bool?>("--online") { HelpName = "true|false", Description = "Only agents that are, or are not, online" };
        var role = new Option<string>("--role") { HelpName = "NAME", Description = "Only agents with this role" };
        var capability = new Option<string>("--capability") { HelpName = "NAME", Description = "Only agents with this capability" };
        var tag = new Option<string>("--tag") { HelpName = "TEXT", Description = "Only agents with this tag" };
        var version = new Option<string>("--agent-version") { HelpName = "VERSION", Description = "Only agents of exactly this version" };
        var hostname = new Option<string>("--hostname") { HelpName = "PREFIX", Description = "Only agents whose hostname begins so" };
        var limit = LimitOption.Create();
        var json = new Option<bool>("--json") { Description = "The whole agents, each as a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());

        var command = new Command("list", "Lists agents by id.") { status, platform, online, role, capability, tag, version, hostname, limit, json, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            var request = new ListAgentsRequest
            {
                Status = parsed.GetValue(status) is { } named ? Enum.Parse<AgentStatus>(named, ignoreCase: true) : AgentStatus.Unspecified,
                Platform = parsed.GetValue(platform) is { } kind ? Enum.Parse<Platform>(kind, ignoreCase: true) : Platform.Unspecified,
                Role = parsed.GetValue(role) ?? "",
                Capability = parsed.GetValue(capability) ?? "",
                Tag = parsed.GetValue(tag) ?? "",
                Version = parsed.GetValue(version) ?? "",
                HostnamePrefix = parsed.GetValue(hostname) ?? "",
            };
            if (parsed.GetValue(online) is { } isOnline)
                request.IsOnline = isOnline;
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            return await RunAsync(connection.Caller, request, parsed.GetValue(limit), parsed.GetValue(json));
        });
        return command;
    }

    private static async Task<int> RunAsync(GatewayCaller caller, ListAgentsRequest request, int limit, bool json)
    {
        var agents = new List<Agent>();
        do
        {
            request.PageSize = Math.Min(LargestPage, limit - agents.Count);
            var page = await caller.Registry.ListAgentsAsync(request);
            agents.AddRange(page.Agents);
            request.PageToken = page.NextPageToken;
        } while (request.PageToken.Length > 0 && agents.Count < limit);

        if (json)
            agents.ForEach(a => Console.Out.WriteLine(AgentText.Json(a)));
        else if (agents.Count == 0)
            Console.Error.WriteLine("There are no such agents.");
        else
            Terminal.Out.Write(AgentText.Table(agents));
        if (request.PageToken.Length > 0)
            Console.Error.WriteLine("There are more; a greater --limit shows them.");
        return ExitCode.Ok;
    }

    private static string[] Words<T>() where T : struct, Enum =>
        [.. Enum.GetValues<T>().Where(v => Convert.ToInt32(v, null) != 0).Select(v => RpcText.Of(v).ToLowerInvariant())];
}
