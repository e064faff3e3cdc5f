using AgentPlatform.Cli;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Bench.Fleet;

/// <summary>A fleet whose rows were copied into the database, as if each agent had registered once, with a token for each.</summary>
public sealed class RegisteredFleet
{
    private const string CopyAgents = """
        COPY registry.agents (id, hostname, platform, version, capabilities, tags, registered_at, epoch, roles, status, status_reason, instance_id, past_instances, link)
        FROM STDIN (FORMAT BINARY)
        """;

    private const string CopyPresence = "COPY registry.presence (agent_id, is_online, health, load_percent, running_tasks) FROM STDIN (FORMAT BINARY)";

    private readonly Metadata[] _headers;

    private RegisteredFleet(Metadata[] headers) => _headers = headers;

    /// <summary>Which epoch all of them have.</summary>
    public const long Epoch = 1;

    public int Count => _headers.Length;

    /// <summary>An agent's id.</summary>
    public static string IdOf(int agent) => $"bench-{agent:000000}";

    /// <summary>The metadata of this agent's calls.</summary>
    public Metadata HeadersOf(int agent) => _headers[agent];

    /// <summary>Registers so many.</summary>
    public static async Task<RegisteredFleet> SeedAsync(BenchPlatform platform, int agents)
    {
        await using var connection = new NpgsqlConnection($"{platform.Admin};Pooling=false");
        await connection.OpenAsync();
        var now = TimeProvider.System.GetUtcNow();
        await CopyAsync(connection, CopyAgents, agents, agent =>
            [IdOf(agent), $"host-{agent}.example.org", "linux", "1.4.2", new[] { "reconcile", "report.build" }, new[] { "bench" }, now, Epoch, new[] { "finance" }, "active", "", "", Array.Empty<string>(), 0L]);
        await CopyAsync(connection, CopyPresence, agents, agent => [IdOf(agent), false, "", 0.0, 0]);
        // What the server does by itself a minute later.
        foreach (var table in new[] { "registry.agents", "registry.presence" })
        {
            await using var analyze = new NpgsqlCommand($"VACUUM ANALYZE {table}", connection);
            await analyze.ExecuteNonQueryAsync();
        }
        var headers = new Metadata[agents];
        Parallel.For(0, agents, agent => headers[agent] = new Metadata { { "authorization", $"Bearer {platform.AgentToken(IdOf(agent))}" } });
        return new RegisteredFleet(headers);
    }

    private static async Task CopyAsync(NpgsqlConnection connection, string copy, int agents, Func<int, object[]> row)
    {
        await using var writer = await connection.BeginBinaryImportAsync(copy);
        for (var agent = 0; agent < agents; agent++)
            await writer.WriteRowAsync(CancellationToken.None, row(agent));
        await writer.CompleteAsync();
    }
}
