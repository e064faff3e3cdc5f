using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Tests.Registries;

/// <summary>A request for every RPC of packages and what follows from them that takes an idempotency key.</summary>
internal static class RolloutMutations
{
    /// <summary>The request, and the token of whoever may make it; null when it is no RPC of these.</summary>
    public static async Task<(string Token, IMessage Request)?> RequestAsync(Platform platform, string method) => method switch
    {
        "CreatePackage" => (Tokens.Operator(), PackageCalls.Request("created")),
        "RecordScan" => (Tokens.Operator(), PackageCalls.ScanOf((await platform.NewReleasedPackageAsync("scanned")).Id)),
        "ReleasePackage" => (Tokens.Superuser(), await ReleaseAsync(platform)),
        "WithdrawPackage" => (Tokens.Superuser(), new WithdrawPackageRequest { Id = (await platform.NewReleasedPackageAsync("withdrawn")).Id, Reason = "A test." }),
        "CreateDeployment" => (Tokens.Operator(), await DeploymentCalls.RequestAsync(platform, "planned")),
        "TransitionDeployment" => (Tokens.Operator(), new TransitionDeploymentRequest { Id = await DeploymentCalls.CreateAsync(platform, "moved"), Status = DeploymentStatus.Running }),
        "RollbackDeployment" => (Tokens.Operator(), await DeploymentCalls.RollbackAsync(platform, "undone")),
        "ReportInstall" => (Tokens.Agent("install-reported"), await DeploymentCalls.ReportAsync(platform, "reported")),
        "SetAgentConfig" => (Tokens.Operator(), new SetAgentConfigRequest { AgentId = "mutator", Config = new Struct() }),
        "RollbackAgentConfig" => (Tokens.Operator(), new RollbackAgentConfigRequest { AgentId = "auditor_v1", ToVersion = 1 }),
        "ReportTelemetry" => (Tokens.Agent("mutator"), new ReportTelemetryRequest { Points = { new TelemetryPoint { Time = platform.Clock.GetUtcNow().ToTimestamp() } } }),
        "CreateSchedule" => (Tokens.Operator(), ScheduleCalls.Request("made")),
        "UpdateSchedule" => (Tokens.Operator(), new UpdateScheduleRequest { Id = await ScheduleAsync(platform, "changed"), UpdateMask = new FieldMask { Paths = { "cron" } }, Spec = new ScheduleSpec { Cron = "@daily" } }),
        "PauseSchedule" => (Tokens.Operator(), new PauseScheduleRequest { Id = await ScheduleAsync(platform, "paused") }),
        "ResumeSchedule" => (Tokens.Operator(), new ResumeScheduleRequest { Id = await ScheduleAsync(platform, "resumed", paused: true) }),
        "DeleteSchedule" => (Tokens.Operator(), new DeleteScheduleRequest { Id = await ScheduleAsync(platform, "deleted") }),
        "TriggerSchedule" => (Tokens.Operator(), new TriggerScheduleRequest { Id = await ScheduleAsync(platform, "triggered") }),
        _ => null,
    };

    private static async Task<string> ScheduleAsync(Platform platform, string name, bool paused = false)
    {
        await TaskAgent.RegisterAsync(platform, name);
        var request = ScheduleCalls.Request(name);
        request.Paused = paused;
        return (await (await ScheduleCalls.PersonAsync(platform)).CreateScheduleAsync(request)).Schedule.Id;
    }

    private static async Task<ReleasePackageRequest> ReleaseAsync(Platform platform)
    {
        var packages = await platform.ClientAsync<PackageService.PackageServiceClient>(Tokens.Operator());
        var id = (await packages.CreatePackageAsync(PackageCalls.Request("released"))).Package.Id;
        return new ReleasePackageRequest { Id = id, Digest = (await packages.RecordScanAsync(PackageCalls.ScanOf(id))).Package.Digest };
    }
}
