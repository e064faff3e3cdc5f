using System.Security.Cryptography;
using System.Text;
using AgentPlatform.Bench.Chaos;
using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Tests.Registries;
using Grpc.Core;
using Grpc.Net.Client;

namespace AgentPlatform.Tests.Faults;

/// <summary>The agent in Node updates itself by what docs/agent-protocol.md says of deployments.</summary>
[Collection(FaultCollection.Name)]
public sealed class NodeUpdateTests : IDisposable
{
    private const string AgentId = "node-updates";
    private const string Works = "process.exit(0);";

    private readonly FaultCluster _faults;
    private readonly GrpcChannel _channel;
    private readonly CallInvoker _operator;
    private readonly CallInvoker _superuser;
    private readonly DeploymentService.DeploymentServiceClient _deployments;

    public NodeUpdateTests(FaultCluster faults)
    {
        _faults = faults;
        _channel = GrpcChannel.ForAddress(faults.Cluster.Gateway.GrpcAddress);
        _operator = As("operator");
        _superuser = As("superuser");
        _deployments = new DeploymentService.DeploymentServiceClient(_operator);
    }

    public void Dispose() => _channel.Dispose();

    [Fact]
    public async Task It_installs_what_was_released_refuses_another_file_and_goes_back_from_what_does_not_start()
    {
        await using var site = await FileSite.StartAsync();
        var certificates = Path.Combine(_faults.Cluster.Folder, "site.pem");
        await File.WriteAllTextAsync(certificates, site.Certificate);
        await using (var registering = await NodeAgent.StartAsync(_faults.Cluster, AgentId))
            await registering.NextAsync("registered");

        Assert.Equal((InstallStatus.Installed, ""), await DeployAsync("1.0.0", site.Put("good", Works), Works, certificates));
        var (status, message) = await DeployAsync("1.1.0", site.Put("swapped", "process.exit(0)//"), Works + " ", certificates);
        Assert.Equal(InstallStatus.Failed, status);
        Assert.Contains("SHA-256", message, StringComparison.Ordinal);
        const string Broken = "process.exit(1);";
        (status, message) = await DeployAsync("1.2.0", site.Put("broken", Broken), Broken, certificates);
        Assert.Equal(InstallStatus.RolledBack, status);
        Assert.Contains("1.2.0", message, StringComparison.Ordinal);
    }

    // An agent looks when it starts. What it has installed in the end is what works.
    private async Task<(InstallStatus Status, string Message)> DeployAsync(string version, string url, string released, string certificates)
    {
        var deployment = await RunAsync(await ReleaseAsync(version, url, released));
        await using var agent = await NodeAgent.StartAsync(_faults.Cluster, AgentId, certificates: certificates);
        await agent.NextAsync("updated");
        Assert.Equal(Works, await File.ReadAllTextAsync(Path.Combine(agent.Updates, "plugin.mjs")));
        await Eventually.TrueAsync(async () => (await _deployments.GetDeploymentAsync(new GetDeploymentRequest { Id = deployment })).Deployment.EndTime is not null, "the deployment ends");
        var install = Assert.Single((await _deployments.ListInstallsAsync(new ListInstallsRequest { DeploymentId = deployment })).Installs);
        return (install.Status, install.Message);
    }

    private async Task<string> ReleaseAsync(string version, string url, string content)
    {
        var request = PackageCalls.Request("node-agent-plugin", version);
        var bytes = Encoding.UTF8.GetBytes(content);
        (request.Url, request.SizeBytes, request.Sha256) = (url, bytes.Length, Convert.ToHexStringLower(SHA256.HashData(bytes)));
        var packages = new PackageService.PackageServiceClient(_operator);
        var id = (await packages.CreatePackageAsync(request)).Package.Id;
        var scanned = (await packages.RecordScanAsync(PackageCalls.ScanOf(id))).Package;
        await new PackageService.PackageServiceClient(_superuser).ReleasePackageAsync(new ReleasePackageRequest { Id = id, Digest = scanned.Digest });
        return id;
    }

    private async Task<string> RunAsync(string packageId)
    {
        var request = new CreateDeploymentRequest { PackageId = packageId, Selection = new DeploymentSelection { AgentIds = { AgentId } } };
        var id = (await _deployments.CreateDeploymentAsync(request)).Deployment.Id;
        await _deployments.TransitionDeploymentAsync(new TransitionDeploymentRequest { Id = id, Status = DeploymentStatus.Running });
        return id;
    }

    private CallInvoker As(string role) => Storm.Invoker(_channel, _faults.Cluster.Key.Mint($"user:{role}", [role], null, TimeSpan.FromHours(1), TimeProvider.System));
}
