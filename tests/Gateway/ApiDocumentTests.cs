using System.ComponentModel;
using System.Diagnostics;

namespace AgentPlatform.Tests.Gateways;

/// <summary>What docs/api.md tells people to type must work as it stands there.</summary>
public sealed class ApiDocumentTests(Platform platform) : IClassFixture<Platform>
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Fact]
    public async Task The_whole_case_by_curl_goes_as_it_is_written()
    {
        Directory.CreateDirectory(Path.Combine(platform.VaultRoot, "demo"));
        File.Copy(Repository.PathOf("docs", "demo", "vault", "inventory.csv"), Path.Combine(platform.VaultRoot, "demo", "inventory.csv"));
        var gateway = await platform.StartAsync("gateway");
        var script = (await File.ReadAllTextAsync(Repository.PathOf("docs", "api.md"))).Split("```bash\n")[1].Split("```")[0];

        var (exitCode, output, errors) = await RunAsync(script, new()
        {
            ["api"] = gateway.HttpAddress.TrimEnd('/'),
            ["AGENT"] = Tokens.Agent("revenue_v1"),
            ["SUPERUSER"] = Tokens.Superuser(),
            ["AUDITOR"] = Tokens.Auditor(),
        });

        Assert.True(exitCode == 0, $"{exitCode}: {output} {errors}");
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Contains(lines, l => l.StartsWith("a heartbeat every ", StringComparison.Ordinal) && l.EndsWith('s'));
        Assert.Contains("demo/inventory.csv", lines);
        Assert.Contains((await File.ReadAllLinesAsync(Repository.PathOf("docs", "demo", "vault", "inventory.csv")))[0], lines);
        Assert.Contains("the agent: ROLE_MISSING", lines);
        Assert.Contains("costing over 2220 ZAR is APPROVED", lines);
        Assert.Contains(lines, l => l.StartsWith("session ", StringComparison.Ordinal) && l.EndsWith(" is COMPLETED", StringComparison.Ordinal));
        foreach (var operation in new[] { "session.create", "costing.propose", "costing.decide", "session.transition" })
            Assert.Contains(lines, l => l.StartsWith($"{operation} ", StringComparison.Ordinal));
    }

    private static async Task<(int ExitCode, string Output, string Errors)> RunAsync(string script, Dictionary<string, string> variables)
    {
        var start = new ProcessStartInfo("bash", ["-euo", "pipefail", "-c", $"command -v jq curl > /dev/null || exit 127\n{script}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in variables)
            start.Environment[name] = value;
        start.Environment["no_proxy"] = "*";
        try
        {
            using var process = Process.Start(start)!;
            using var deadline = new CancellationTokenSource(Patience);
            try
            {
                var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(deadline.Token), process.StandardError.ReadToEndAsync(deadline.Token));
                await process.WaitForExitAsync(deadline.Token);
                NodeClient.Require(process.ExitCode == 127 ? "bash, curl and jq are needed" : null);
                return (process.ExitCode, texts[0], texts[1]);
            }
            finally
            {
                if (!process.HasExited)
                    process.Kill(entireProcessTree: true);
            }
        }
        catch (Win32Exception e)
        {
            NodeClient.Require($"bash is needed: {e.Message}");
            throw;
        }
    }
}
