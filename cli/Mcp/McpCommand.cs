using System.CommandLine;
using ModelContextProtocol.Client;
using ModelContextProtocol.Server;

namespace AgentPlatform.Cli.Mcp;

/// <summary><c>agentctl mcp</c>: the gateway's MCP by standard input and output, for clients that start their servers as programs.</summary>
public static class McpCommand
{
    private const string AgentRole = "agent";
    private static readonly string[] Roles = [AgentRole, GatewayConnection.Operator, GatewayConnection.Superuser, GatewayConnection.Auditor];
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(24);

    public static Command Create()
    {
        var role = new Option<string>("--role")
        {
            HelpName = "ROLE",
            Description = $"Who calls: {string.Join(", ", Roles)}",
            DefaultValueFactory = _ => GatewayConnection.Operator,
        };
        role.AcceptOnlyFromAmong(Roles);
        var agent = new Option<string?>("--agent") { HelpName = "ID", Description = $"The agent's id, for the role {AgentRole}" };
        var url = new Option<string?>("--url")
        {
            HelpName = "URL",
            Description = $"Another platform's gateway (HTTP), with a token in {GatewayConnection.TokenVariable}. Unless given: the platform that runs on this machine",
        };
        var data = DataFolder.NewOption();
        var command = new Command("mcp", "Speaks MCP on standard input and output, and passes all of it on to the gateway: for clients that want a program and no address.") { role, agent, url, data };
        command.Validators.Add(given =>
        {
            if (given.GetValue(agent) is null == (given.GetValue(role) == AgentRole))
                given.AddError($"--role {AgentRole} and --agent ID go together.");
            if (given.GetValue(url) is { } text && !(Uri.TryCreate(text, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps)))
                given.AddError($"'{text}' is no address such as https://gateway.example.org.");
        });
        command.SetAction(async (parsed, _) =>
        {
            var (address, token, authority) = Find(parsed.GetValue(url), parsed.GetRequiredValue(role), parsed.GetValue(agent), parsed.GetValue(data));
            await RunAsync(address, token, authority);
            return ExitCode.Ok;
        });
        return command;
    }

    private static (Uri Gateway, string Token, string? Authority) Find(string? url, string role, string? agent, string? dataFolder)
    {
        if (url is not null)
        {
            return Environment.GetEnvironmentVariable(GatewayConnection.TokenVariable) is { Length: > 0 } given
                ? (new Uri(url), given, Environment.GetEnvironmentVariable(GatewayChannel.AuthorityVariable))
                : throw new CliException($"--url needs a token in the environment variable {GatewayConnection.TokenVariable}");
        }
        var data = DataFolder.Locate(dataFolder);
        var note = RunNote.Require(data);
        using var key = DevelopmentKey.Load(data.DevelopmentKey);
        var subject = agent is null ? $"user:{Environment.UserName}" : $"agent:{agent}";
        return (new Uri(note.Http), key.Mint(subject, [role], agent, TokenLifetime, TimeProvider.System), note.Authority);
    }

    private static async Task RunAsync(Uri gateway, string token, string? authority)
    {
        using var http = new HttpClient(GatewayChannel.NewHandler(authority)) { Timeout = Timeout.InfiniteTimeSpan };
        await using var transport = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = new Uri(gateway, "/mcp"),
            TransportMode = HttpTransportMode.StreamableHttp,
            // The gateway says nothing unasked.
            EnableStandaloneGetStream = false,
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = $"Bearer {token}" },
        }, http);
        await using var far = await transport.ConnectAsync();
        await using var near = new StdioServerTransport("agentctl");
        await new McpBridge(near, far).RunAsync();
    }
}
