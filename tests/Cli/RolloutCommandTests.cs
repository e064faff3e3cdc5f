using System.Security.Cryptography;
using System.Text.Json;
using AgentPlatform.Cli;
using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Tests.Registries;
using Google.Protobuf.WellKnownTypes;
using DeploymentClient = AgentPlatform.Contracts.Registry.V1.DeploymentService.DeploymentServiceClient;
using PackageClient = AgentPlatform.Contracts.Registry.V1.PackageService.PackageServiceClient;
using TelemetryClient = AgentPlatform.Contracts.Registry.V1.TelemetryService.TelemetryServiceClient;

namespace AgentPlatform.Tests.Commands;

/// <summary><c>agentctl package</c>, <c>deploy</c> and <c>telemetry</c> as processes, through a gateway, at a registry.</summary>
public sealed class RolloutCommandTests(Platform platform) : IClassFixture<Platform>, IAsyncLifetime
{
    private readonly Agentctl _agentctl = new();
    private readonly string _id = $"cli-{Guid.NewGuid():N}";

    public async ValueTask InitializeAsync()
    {
        var gateway = await platform.StartAsync("gateway");
        _agentctl.WriteRunNote(gateway: gateway.GrpcAddress);
        Tokens.Key.Save(_agentctl.PathOf("development-key.pem"));
    }

    public ValueTask DisposeAsync()
    {
        _agentctl.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_package_is_measured_scanned_shown_and_released_by_another()
    {
        _agentctl.Write("agent.tar.gz", "what agents are made of");
        _agentctl.Write("sbom.json", PackageCalls.Sbom);
        var made = Json(await OkAsync("package", "create", $"{_id}@1.4.0", "--file", _agentctl.PathOf("agent.tar.gz"), "--sbom", _agentctl.PathOf("sbom.json"),
            "--url", "https://packages.example.org/agent.tar.gz", "--json"));
        Assert.Equal((Convert.ToHexStringLower(SHA256.HashData("what agents are made of"u8)), "23", 1),
            (made.GetProperty("sha256").GetString(), made.GetProperty("size_bytes").GetString(), made.GetProperty("component_count").GetInt32()));
        Assert.Contains("scan FAILED", await OkAsync("package", "scan", $"{_id}@1.4.0", "--scanner", "grype", "--verdict", "failed", "--findings", "3"), StringComparison.Ordinal);
        Assert.Contains("scan PASSED", await OkAsync("package", "scan", $"{_id}@1.4.0", "--scanner", "grype", "--verdict", "passed"), StringComparison.Ordinal);
        Assert.Equal(PackageCalls.Sbom, await OkAsync("package", "sbom", $"{_id}@1.4.0"));

        // It shows what is to be released and asks; and who has added it may not.
        var refused = await FailAsync("package", "release", $"{_id}@1.4.0");
        Assert.Contains(made.GetProperty("sha256").GetString()!, refused.Output, StringComparison.Ordinal);
        Assert.Contains("--yes", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("CREATOR_MAY_NOT_RELEASE", (await FailAsync("package", "release", $"{_id}@1.4.0", "--yes")).Errors, StringComparison.Ordinal);

        var person = await platform.ClientAsync<PackageClient>(Tokens.Operator());
        var other = (await person.CreatePackageAsync(PackageCalls.Request(_id, "1.5.0"))).Package;
        await person.RecordScanAsync(PackageCalls.ScanOf(other.Id));
        Assert.Contains("DIGEST_MISMATCH", (await FailAsync("package", "release", other.Id, "--digest", new string('0', 64), "--yes")).Errors, StringComparison.Ordinal);
        Assert.Contains("RELEASED", await OkAsync("package", "release", $"{_id}@1.5.0", "--notes", "seen by two", "--yes"), StringComparison.Ordinal);
        var listed = await OkAsync("package", "list", "--name", _id, "--status", "released");
        Assert.True(listed.Contains("@1.5.0", StringComparison.Ordinal) && !listed.Contains("@1.4.0", StringComparison.Ordinal));
        Assert.Contains("WITHDRAWN", await OkAsync("package", "withdraw", $"{_id}@1.5.0", "--reason", "it leaks", "--yes"), StringComparison.Ordinal);
        Assert.Contains("it leaks", await OkAsync("package", "show", $"{_id}@1.5.0"), StringComparison.Ordinal);
        Assert.Contains("there is no package", (await FailAsync("package", "show", $"{_id}@9.9.9")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deployment_is_planned_started_paused_watched_and_rolled_back()
    {
        await platform.NewReleasedPackageAsync(_id, "1.0.0");
        await platform.NewReleasedPackageAsync(_id, "2.0.0");
        await TaskAgent.RegisterAsync(platform, _id, tags: [_id]);
        var made = Json(await OkAsync("deploy", "create", $"{_id}@2.0.0", "--tag", _id, "--rings", "50,100", "--ring-pause", "10m", "--max-failures", "20", "--start", "--json"));
        var id = made.GetProperty("id").GetString()!;
        Assert.Equal("DEPLOYMENT_STATUS_RUNNING", made.GetProperty("status").GetString());
        var shown = await OkAsync("deploy", "show", id);
        Assert.All([$"{_id}@2.0.0", "50 %, 100 %", "00:10:00", "20 % of a ring failed", "1: 1 pending"], t => Assert.Contains(t, shown, StringComparison.Ordinal));
        Assert.Contains("PAUSED", await OkAsync("deploy", "pause", id, "--reason", "wait"), StringComparison.Ordinal);
        Assert.Contains("RUNNING", await OkAsync("deploy", "resume", id), StringComparison.Ordinal);

        using var watch = _agentctl.Start("deploy", "watch", id);
        Assert.Contains("RUNNING", await watch.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
        var agent = await platform.ClientAsync<DeploymentClient>(Tokens.Agent(_id));
        await Eventually.TrueAsync(async () => (await agent.ListMyInstallsAsync(new ListMyInstallsRequest())).Installs.Count == 1, "the agent's ring is open");
        foreach (var status in new[] { InstallStatus.Downloading, InstallStatus.Installing, InstallStatus.Installed })
            await agent.ReportInstallAsync(new ReportInstallRequest { DeploymentId = id, Status = status });
        Assert.Contains("INSTALLED", await OkAsync("deploy", "agents", id, "--status", "installed"), StringComparison.Ordinal);

        var undone = await OkAsync("deploy", "rollback", id, "--to", $"{_id}@1.0.0", "--reason", "two was wrong");
        Assert.Contains("ROLLED_BACK", undone, StringComparison.Ordinal);
        Assert.Contains("ROLLED_BACK", (await watch.StandardOutput.ReadToEndAsync()).Trim().Split('\n')[^1], StringComparison.Ordinal);
        await watch.WaitForExitAsync();
        Assert.Equal(ExitCode.Ok, watch.ExitCode);
        var back = Json(await OkAsync("deploy", "list", "--package", _id, "--status", "running", "--json"));
        Assert.Equal(("1.0.0", id), (back.GetProperty("package_version").GetString(), back.GetProperty("rollback_of").GetString()));
        Assert.Contains("ABORTED", await OkAsync("deploy", "abort", back.GetProperty("id").GetString()!), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_an_agent_measured_is_shown_by_point_and_by_window()
    {
        var agent = await platform.ClientAsync<TelemetryClient>(Tokens.Agent(_id));
        var now = platform.Clock.GetUtcNow();
        await agent.ReportTelemetryAsync(new ReportTelemetryRequest
        {
            Points =
            {
                Enumerable.Range(0, 4).Select(i => new TelemetryPoint { Time = now.AddSeconds(-i).ToTimestamp(), CpuPercent = 10 + i, MemoryBytes = 1_000, Numbers = { ["queue"] = i } }),
            },
        });
        var points = await OkAsync("telemetry", _id, "--since", "1h");
        Assert.All(["queue=3", "13", "1000"], t => Assert.Contains(t, points, StringComparison.Ordinal));
        Assert.Single((await OkAsync("telemetry", _id, "--limit", "1", "--json")).Trim().Split('\n'));
        var windows = await OkAsync("telemetry", _id, "--window", "1h", "--field", "cpu_percent", "--field", "queue");
        Assert.All(["cpu_percent", "queue", "13"], t => Assert.Contains(t, windows, StringComparison.Ordinal));
        Assert.Contains("Nothing was measured", (await _agentctl.RunAsync("telemetry", "nobody-at-all")).Errors, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("package create agent --file /etc/hostname --sbom /etc/hostname --url https://example.org/a")]
    [InlineData("package create agent@1.0.0 --url https://example.org/a")]
    [InlineData("package scan agent@1.0.0 --scanner grype --verdict maybe")]
    [InlineData("package withdraw agent@1.0.0")]
    [InlineData("deploy create agent@1.0.0 --rings few")]
    [InlineData("deploy create agent@1.0.0 --ring-pause long")]
    [InlineData("deploy rollback 1")]
    [InlineData("telemetry someone --field cpu_percent")]
    public async Task Wrong_usage_is_code_2(string commandLine) =>
        Assert.Equal(ExitCode.WrongUsage, (await _agentctl.RunAsync(commandLine.Split(' '))).ExitCode);

    private static JsonElement Json(string line) => JsonDocument.Parse(line).RootElement;

    private async Task<string> OkAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await _agentctl.RunAsync(arguments);
        Assert.True(exitCode == ExitCode.Ok, errors + output);
        return output;
    }

    private async Task<(string Output, string Errors)> FailAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await _agentctl.RunAsync(arguments);
        Assert.Equal(ExitCode.Failed, exitCode);
        return (output, errors);
    }
}
