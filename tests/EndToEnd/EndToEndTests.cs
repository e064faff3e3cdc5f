using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Npgsql;

namespace AgentPlatform.Tests.EndToEnd;

/// <summary>The main job on real input, over separate processes, through the gateway.</summary>
public sealed partial class EndToEndTests(RunningPlatform platform) : IClassFixture<RunningPlatform>
{
    [Fact]
    public async Task The_demo_runs_twice_is_audited_and_traced_and_the_platform_stops_without_a_trace_of_itself()
    {
        await DemoAsync();
        var second = await DemoAsync();
        await TracesReachSqlAsync(TraceId().Matches(second).Select(m => m.Value).Distinct().ToList());

        var token = await platform.AgentctlAsync("token", "operator");
        Assert.Equal((0, 3), (token.ExitCode, token.Output.Trim().Split('.').Length));
        Assert.Equal(2, (await platform.AgentctlAsync("token", "emperor")).ExitCode);
        var status = (await platform.AgentctlAsync("status")).Output;
        Assert.Contains("Healthy", status, StringComparison.Ordinal);
        foreach (var service in new[] { "audit", "session", "registry", "costing", "vault" })
            Assert.Matches($@"{service} +\d of 6 +\d+ of 12 +\d of 2 ", status);

        Assert.Equal(0, await platform.StopAsync());
        Assert.Empty(platform.Survivors());
        Assert.False(File.Exists(Path.Combine(platform.Data, "run.json")));
    }

    private async Task<string> DemoAsync()
    {
        var (exitCode, output, errors) = await platform.AgentctlAsync("demo");
        Assert.True(exitCode == 0, output + errors);
        foreach (var operation in new[] { "agent.register", "session.create", "vault.read", "costing.propose", "costing.decide", "session.transition" })
            Assert.Contains(operation, output, StringComparison.Ordinal);
        return output;
    }

    // One trace from the gateway through a service into SQL, as the real dashboard got it.
    private async Task TracesReachSqlAsync(IReadOnlyList<string> traceIds)
    {
        Assert.NotEmpty(traceIds);
        using var http = new HttpClient();
        await Eventually.TrueAsync(async () =>
        {
            foreach (var id in traceIds)
            {
                var resources = Resources(await http.GetStringAsync($"{platform.Dashboard}/api/telemetry/traces/{id}"));
                if (resources.ContainsKey("gateway") && resources.Any(r => r.Key is "session" or "costing" && r.Value.Any(scope => scope == "Npgsql")))
                    return true;
            }
            return false;
        }, "a trace spans gateway, service and SQL");
    }

    // OTLP JSON: which instrumentation scopes each resource has spans of.
    private static Dictionary<string, List<string>> Resources(string otlp)
    {
        var resources = new Dictionary<string, List<string>>();
        var root = JsonNode.Parse(otlp)!;
        foreach (var group in (root["data"] ?? root)["resourceSpans"]!.AsArray())
        {
            var name = (string)group!["resource"]!["attributes"]!.AsArray().First(a => (string)a!["key"]! == "service.name")!["value"]!["stringValue"]!;
            resources.TryAdd(name, []);
            resources[name].AddRange(group["scopeSpans"]!.AsArray().Select(s => (string)s!["scope"]!["name"]!));
        }
        return resources;
    }

    [GeneratedRegex(@"\b[0-9a-f]{32}\b")]
    private static partial Regex TraceId();
}
