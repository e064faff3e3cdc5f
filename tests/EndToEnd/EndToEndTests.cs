using System.Net.Http.Headers;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
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

        // The same data once more, by TLS.
        await platform.StartAsync("--tls");
        await ByTlsAsync();
        Assert.Equal(0, await platform.StopAsync());
        Assert.Empty(platform.Survivors());
    }

    private async Task ByTlsAsync()
    {
        Assert.Contains("Healthy", (await platform.AgentctlAsync("status")).Output, StringComparison.Ordinal);
        var gateway = new Uri((string)platform.Note["gateway"]!);
        Assert.Equal("https", gateway.Scheme);
        using var http = new HttpClient(Trusting(null)) { BaseAddress = gateway };
        Assert.Contains("swagger", await http.GetStringAsync("/docs/"), StringComparison.OrdinalIgnoreCase);
        Assert.Contains("revenue_v1", await GetAsync(http, "/v1/sessions", "operator"), StringComparison.Ordinal);

        // An agent shows its certificate, and over that connection its token alone is taken.
        var folder = Path.Combine(platform.Data, "agent");
        Assert.Equal(0, (await platform.AgentctlAsync("agent", "cert", "revenue_v1", "--out", folder)).ExitCode);
        using var certificate = X509Certificate2.CreateFromPemFile(Path.Combine(folder, "revenue_v1.pem"), Path.Combine(folder, "revenue_v1-key.pem"));
        using var agent = new HttpClient(Trusting(certificate)) { BaseAddress = gateway };
        Assert.Contains("revenue_v1", await GetAsync(agent, "/v1/sessions", "agent", "--agent", "revenue_v1"), StringComparison.Ordinal);
        Assert.Contains("CERTIFICATE_NOT_YOURS", await GetAsync(agent, "/v1/sessions", "agent", "--agent", "other_v1"), StringComparison.Ordinal);
    }

    private async Task<string> GetAsync(HttpClient http, string path, params IReadOnlyList<string> whose)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", (await platform.AgentctlAsync(["token", .. whose])).Output.Trim());
        using var answer = await http.SendAsync(request);
        return await answer.Content.ReadAsStringAsync();
    }

    private SocketsHttpHandler Trusting(X509Certificate2? own)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(Path.Combine(platform.Data, "tls", "authority.pem"));
        return new SocketsHttpHandler
        {
            UseProxy = false,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy, ClientCertificates = own is null ? [] : [own] },
        };
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
