using AgentPlatform.Contracts.Registry.V1;
using Client = AgentPlatform.Contracts.Registry.V1.DeploymentService.DeploymentServiceClient;
using Machine = AgentPlatform.Contracts.Registry.V1.Platform;

namespace AgentPlatform.Tests.Registries;

/// <summary>Deployments as tests need them, each of a package of its own for an agent of its own: "install-NAME".</summary>
internal static class DeploymentCalls
{
    /// <summary>A request for a released package and a registered agent.</summary>
    public static async Task<CreateDeploymentRequest> RequestAsync(Platform platform, string name, string version = "1.0.0")
    {
        var agent = await platform.ClientAsync<RegistryService.RegistryServiceClient>(Tokens.Agent($"install-{name}"));
        await agent.RegisterAgentAsync(new RegisterAgentRequest { Platform = Machine.Linux, Version = "1" });
        var package = await platform.NewReleasedPackageAsync($"package-{name}", version);
        return new CreateDeploymentRequest { PackageId = package.Id, Selection = new DeploymentSelection { AgentIds = { $"install-{name}" } } };
    }

    /// <summary>A pending deployment.</summary>
    public static async Task<string> CreateAsync(Platform platform, string name, string version = "1.0.0")
    {
        var person = await platform.ClientAsync<Client>(Tokens.Operator());
        return (await person.CreateDeploymentAsync(await RequestAsync(platform, name, version))).Deployment.Id;
    }

    /// <summary>The agent's first report for a running deployment.</summary>
    public static async Task<ReportInstallRequest> ReportAsync(Platform platform, string name, string version = "1.0.0")
    {
        var id = await CreateAsync(platform, name, version);
        var person = await platform.ClientAsync<Client>(Tokens.Operator());
        await person.TransitionDeploymentAsync(new TransitionDeploymentRequest { Id = id, Status = DeploymentStatus.Running });
        return new ReportInstallRequest { DeploymentId = id, Status = InstallStatus.Downloading };
    }

    /// <summary>The rollback of a deployment that an agent has begun with, to a version that is there.</summary>
    public static async Task<RollbackDeploymentRequest> RollbackAsync(Platform platform, string name)
    {
        await platform.NewReleasedPackageAsync($"package-{name}", "1.0.0");
        var report = await ReportAsync(platform, name, "2.0.0");
        await (await platform.ClientAsync<Client>(Tokens.Agent($"install-{name}"))).ReportInstallAsync(report);
        return new RollbackDeploymentRequest { Id = report.DeploymentId, Reason = "A test." };
    }
}
