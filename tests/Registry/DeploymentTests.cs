using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using static AgentPlatform.Contracts.Registry.V1.InstallStatus;
using Client = AgentPlatform.Contracts.Registry.V1.DeploymentService.DeploymentServiceClient;
using Machine = AgentPlatform.Contracts.Registry.V1.Platform;
using PackageClient = AgentPlatform.Contracts.Registry.V1.PackageService.PackageServiceClient;
using RegistryClient = AgentPlatform.Contracts.Registry.V1.RegistryService.RegistryServiceClient;

namespace AgentPlatform.Tests.Registries;

public sealed class DeploymentTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public DeploymentTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["registry"] = new Dictionary<string, string> { ["Deployments:SweepEvery"] = "00:00:00.1" };
    }

    [Fact]
    public async Task Rings_open_one_after_the_other_until_everybody_has_it()
    {
        var agents = await NewAgentsAsync("rings", 20);
        var person = await As(Tokens.Operator("olga"));
        var planned = await CreateAsync(person, "rings", agents, r => { r.Rings.Add([5, 25, 100]); r.RingPause = Duration.FromTimeSpan(TimeSpan.FromMinutes(10)); });
        Assert.Equal((DeploymentStatus.Pending, 20, 20), (planned.Status, planned.AgentCount, planned.Counts.Pending));
        var byRing = (await InstallsAsync(person, planned.Id)).ToLookup(i => i.Ring, i => i.AgentId);
        Assert.Equal([1, 4, 15], new[] { byRing[1].Count(), byRing[2].Count(), byRing[3].Count() });
        Assert.Empty((await (await As(Tokens.Agent(byRing[1].Single()))).ListMyInstallsAsync(new ListMyInstallsRequest())).Installs);

        await MoveAsync(person, planned.Id, DeploymentStatus.Running);
        foreach (var ring in new[] { 1, 2, 3 })
        {
            await Eventually.TrueAsync(async () => (await GetAsync(person, planned.Id)).CurrentRing == ring, $"ring {ring} opens");
            var later = byRing.Where(r => r.Key > ring).SelectMany(r => r).FirstOrDefault();
            if (later is not null)
                await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "NOT_OFFERED", () => ReportAsync(later, planned.Id, Downloading));
            foreach (var agent in byRing[ring])
                await InstallAsync(agent, planned.Id);
            if (ring == 3)
                break;
            await Eventually.TrueAsync(async () => (await _platform.SqlAsync<bool>("SELECT ring_done_at IS NOT NULL FROM registry.deployments WHERE id = $1", Guid.Parse(planned.Id)))[0], "the pause begins");
            Assert.Equal(ring, (await GetAsync(person, planned.Id)).CurrentRing);
            _platform.Clock.Advance(TimeSpan.FromMinutes(10));
        }
        await Eventually.TrueAsync(async () => (await GetAsync(person, planned.Id)).Status == DeploymentStatus.Completed, "it completes");
        Assert.Equal(20, (await GetAsync(person, planned.Id)).Counts.Installed);
    }

    [Fact]
    public async Task An_agent_learns_what_to_install_and_reports_step_by_step()
    {
        var agent = (await NewAgentsAsync("steps", 1))[0];
        var (person, own) = (await As(Tokens.Operator()), await As(Tokens.Agent(agent)));
        var deployment = await StartAsync(person, "steps", [agent]);
        var offered = Assert.Single((await own.ListMyInstallsAsync(new ListMyInstallsRequest())).Installs);
        Assert.Equal((deployment.Id, "steps", new string('a', 64), Pending), (offered.Install.DeploymentId, offered.Package.Name, offered.Package.Sha256, offered.Install.Status));

        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", () => ReportAsync(agent, deployment.Id, Installing));
        await ReportAsync(agent, deployment.Id, Downloading, 30);
        Assert.Equal(70, (await ReportAsync(agent, deployment.Id, Downloading, 70)).ProgressPercent);
        await ReportAsync(agent, deployment.Id, Installing);
        var refusal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", () => ReportAsync(agent, deployment.Id, Downloading));
        Assert.Equal(("INSTALLING", "DOWNLOADING"), (refusal.Facts["from"], refusal.Facts["to"]));
        var done = await ReportAsync(agent, deployment.Id, Installed, 100);
        // The answer was lost on the way, and the agent says it again.
        Assert.Equal(done, await ReportAsync(agent, deployment.Id, Installed, 100));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", () => ReportAsync(agent, deployment.Id, Failed));
        Assert.Empty((await own.ListMyInstallsAsync(new ListMyInstallsRequest())).Installs);
        await Refusal.ExpectAsync(StatusCode.NotFound, "INSTALL_NOT_FOUND", () => ReportAsync("stranger", deployment.Id, Downloading));
        await Eventually.TrueAsync(async () => (await _platform.AuditOfAsync($"deployment/{deployment.Id}")).Count(e => e.Operation == "deployment.install") == 3, "each step is on record, progress is not");
    }

    [Fact]
    public async Task Too_many_failures_stop_it_and_a_watcher_sees_why()
    {
        var agents = await NewAgentsAsync("failing", 10);
        var person = await As(Tokens.Operator());
        var deployment = await StartAsync(person, "failing", agents, r => { r.Rings.Add([50, 100]); r.MaxFailurePercent = 20; });
        using var watch = person.WatchDeployment(new WatchDeploymentRequest { Id = deployment.Id });
        var first = (await InstallsAsync(person, deployment.Id)).Where(i => i.Ring == 1).Select(i => i.AgentId).ToList();
        foreach (var (i, agent) in first.Take(2).Index())
        {
            await ReportAsync(agent, deployment.Id, Downloading);
            await ReportAsync(agent, deployment.Id, i == 0 ? Failed : InstallStatus.RolledBack);
        }
        var last = first[0] is null ? null : (Deployment?)null;
        while (await watch.ResponseStream.MoveNext(default))
            last = watch.ResponseStream.Current.Deployment;

        Assert.Equal((DeploymentStatus.Aborted, 1, 1), (last!.Status, last.Counts.Failed, last.Counts.RolledBack));
        Assert.StartsWith("FAILURE_RATE", last.Reason, StringComparison.Ordinal);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "NOT_OFFERED", () => ReportAsync(first[2], deployment.Id, Downloading));
    }

    [Fact]
    public async Task A_failure_within_the_limit_lets_the_next_ring_open()
    {
        var agents = await NewAgentsAsync("tolerant", 10);
        var person = await As(Tokens.Operator());
        var deployment = await StartAsync(person, "tolerant", agents, r => { r.Rings.Add([50, 100]); r.MaxFailurePercent = 20; });
        var first = (await InstallsAsync(person, deployment.Id)).Where(i => i.Ring == 1).Select(i => i.AgentId).ToList();
        await ReportAsync(first[0], deployment.Id, Downloading);
        await ReportAsync(first[0], deployment.Id, Failed);
        foreach (var agent in first.Skip(1))
            await InstallAsync(agent, deployment.Id);
        await Eventually.TrueAsync(async () => (await GetAsync(person, deployment.Id)).CurrentRing == 2, "ring 2 opens");
    }

    [Fact]
    public async Task Who_is_not_done_in_time_counts_as_failed()
    {
        var agents = await NewAgentsAsync("late", 2);
        var person = await As(Tokens.Operator());
        var deployment = await StartAsync(person, "late", agents, r => { r.MaxFailurePercent = 50; r.InstallTimeout = Duration.FromTimeSpan(TimeSpan.FromHours(1)); });
        await InstallAsync(agents[0], deployment.Id);
        _platform.Clock.Advance(TimeSpan.FromHours(1));
        await Eventually.TrueAsync(async () => (await GetAsync(person, deployment.Id)).Status == DeploymentStatus.Completed, "it completes without the one");
        Assert.Equal((1, 1), ((await GetAsync(person, deployment.Id)).Counts.Installed, (await GetAsync(person, deployment.Id)).Counts.Failed));
    }

    [Fact]
    public async Task While_it_is_paused_nobody_begins_and_who_has_begun_goes_on()
    {
        var agents = await NewAgentsAsync("paused", 2);
        var person = await As(Tokens.Operator());
        var deployment = await StartAsync(person, "paused", agents);
        await ReportAsync(agents[0], deployment.Id, Downloading);
        var paused = await MoveAsync(person, deployment.Id, DeploymentStatus.Paused);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "NOT_OFFERED", () => ReportAsync(agents[1], deployment.Id, Downloading));
        await ReportAsync(agents[0], deployment.Id, Installing);
        await ReportAsync(agents[0], deployment.Id, Installed);
        await Refusal.ExpectAsync(StatusCode.Aborted, "CONCURRENT_UPDATE", async () =>
            await person.TransitionDeploymentAsync(new TransitionDeploymentRequest { Id = deployment.Id, Status = DeploymentStatus.Running, Version = paused.Version - 1 }));
        await MoveAsync(person, deployment.Id, DeploymentStatus.Running);
        await InstallAsync(agents[1], deployment.Id);
        await Eventually.TrueAsync(async () => (await GetAsync(person, deployment.Id)).Status == DeploymentStatus.Completed, "it completes");
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", () => MoveAsync(person, deployment.Id, DeploymentStatus.Aborted));
    }

    [Fact]
    public async Task A_rollback_is_a_deployment_of_the_version_before_for_those_who_have_begun()
    {
        var agents = await NewAgentsAsync("undone", 4);
        var person = await As(Tokens.Operator());
        await _platform.NewReleasedPackageAsync("undone", "1.9.0");
        var before = await _platform.NewReleasedPackageAsync("undone", "1.10.0");
        var bad = await _platform.NewReleasedPackageAsync("undone", "2.0.0");
        var deployment = await StartAsync(person, "undone", agents, r => r.Rings.Add([50, 100]), bad.Id);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "NOTHING_TO_ROLL_BACK",
            async () => await person.RollbackDeploymentAsync(new RollbackDeploymentRequest { Id = deployment.Id, Reason = "a guess" }));
        var first = (await InstallsAsync(person, deployment.Id)).Where(i => i.Ring == 1).Select(i => i.AgentId).ToList();
        foreach (var agent in first)
            await InstallAsync(agent, deployment.Id);

        var answer = await person.RollbackDeploymentAsync(new RollbackDeploymentRequest { Id = deployment.Id, Reason = "it leaks" });
        Assert.Equal((DeploymentStatus.RolledBack, "it leaks"), (answer.RolledBack.Status, answer.RolledBack.Reason));
        Assert.Equal((DeploymentStatus.Running, before.Id, deployment.Id, 2), (answer.Rollback.Status, answer.Rollback.PackageId, answer.Rollback.RollbackOf, answer.Rollback.AgentCount));
        foreach (var agent in first)
            await InstallAsync(agent, answer.Rollback.Id);
        await Eventually.TrueAsync(async () => (await GetAsync(person, answer.Rollback.Id)).Status == DeploymentStatus.Completed, "the rollback completes");
        Assert.Equal((2, 2), ((await GetAsync(person, deployment.Id)).Counts.RolledBack, (await GetAsync(person, deployment.Id)).Counts.Pending));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION",
            async () => await person.RollbackDeploymentAsync(new RollbackDeploymentRequest { Id = deployment.Id, Reason = "again" }));
    }

    [Fact]
    public async Task A_withdrawn_package_stops_its_deployments_and_nobody_begins()
    {
        var agents = await NewAgentsAsync("recall", 2);
        var person = await As(Tokens.Operator());
        var package = await _platform.NewReleasedPackageAsync("recall");
        var deployment = await StartAsync(person, "recall", agents, _ => { }, package.Id);
        var superuser = await _platform.ClientAsync<PackageClient>(Tokens.Superuser());
        await superuser.WithdrawPackageAsync(new WithdrawPackageRequest { Id = package.Id, Reason = "malware" });
        Assert.Equal(DeploymentStatus.Aborted, (await GetAsync(person, deployment.Id)).Status);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "PACKAGE_WITHDRAWN", () => ReportAsync(agents[0], deployment.Id, Downloading));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "PACKAGE_WITHDRAWN", () => CreateAsync(person, "recall", agents, packageId: package.Id));
    }

    [Fact]
    public async Task Selections_that_match_nobody_overlap_or_have_wrong_numbers_are_refused()
    {
        var agents = await NewAgentsAsync("picky", 3, "picky-tag");
        var person = await As(Tokens.Operator());
        Task RefusedAsync(Action<CreateDeploymentRequest> spoil, params string[] fields)
        {
            var request = new CreateDeploymentRequest { PackageId = Guid.NewGuid().ToString(), Selection = new DeploymentSelection { All = true } };
            spoil(request);
            return Refusal.ExpectFieldsAsync(async () => await person.CreateDeploymentAsync(request), fields);
        }
        await RefusedAsync(r => r.Rings.Add(140), "rings[0]");
        await RefusedAsync(r => r.Rings.Add([50, 50, 100]), "rings[1]");
        await RefusedAsync(r => r.Rings.Add([5, 25]), "rings");
        await RefusedAsync(r => r.MaxFailurePercent = 140, "max_failure_percent");
        await RefusedAsync(r => r.RingPause = new Duration { Seconds = -1 }, "ring_pause");
        await RefusedAsync(r => r.InstallTimeout = new Duration { Seconds = 3 }, "install_timeout");
        await RefusedAsync(r => r.Selection = null, "selection");
        await RefusedAsync(r => r.Selection = new DeploymentSelection(), "selection");
        await RefusedAsync(r => r.Selection.Tags.Add("x"), "selection.all");
        await RefusedAsync(r => r.Selection = new DeploymentSelection { AgentIds = { "UPPER" } }, "selection.agent_ids[0]");
        await Refusal.ExpectFieldsAsync(async () => await person.TransitionDeploymentAsync(new TransitionDeploymentRequest { Id = "x", Status = DeploymentStatus.Completed }), "id", "status");
        await Refusal.ExpectFieldsAsync(() => ReportAsync(agents[0], Guid.NewGuid().ToString(), Downloading, 140), "progress_percent");

        var package = await _platform.NewReleasedPackageAsync("picky");
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "NO_AGENT_MATCHES", () => CreateAsync(person, "picky", ["nobody"], packageId: package.Id));
        var tagged = (await person.CreateDeploymentAsync(new CreateDeploymentRequest
        {
            PackageId = package.Id,
            Selection = new DeploymentSelection { Tags = { "picky-tag" }, Platform = Machine.Linux },
        })).Deployment;
        Assert.Equal(3, tagged.AgentCount);
        var overlap = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "DEPLOYMENT_OVERLAPS", () => CreateAsync(person, "picky", [agents[1]], packageId: package.Id));
        Assert.Equal(tagged.Id, overlap.Facts["deployment_id"]);
        var draft = (await (await _platform.ClientAsync<PackageClient>(Tokens.Operator())).CreatePackageAsync(PackageCalls.Request("picky-draft"))).Package;
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "PACKAGE_NOT_RELEASED", () => CreateAsync(person, "picky", agents, packageId: draft.Id));
    }

    [Fact]
    public async Task Two_instances_move_a_deployment_on_once()
    {
        await using var other = await _platform.StartAnotherAsync("registry");
        var agents = await NewAgentsAsync("shared", 8);
        var person = await As(Tokens.Operator());
        var deployment = await StartAsync(person, "shared", agents, r => r.Rings.Add([25, 50, 75, 100]));
        var rings = (await InstallsAsync(person, deployment.Id)).ToLookup(i => i.Ring, i => i.AgentId);
        for (var ring = 1; ring <= 4; ring++)
        {
            await Eventually.TrueAsync(async () => (await GetAsync(person, deployment.Id)).CurrentRing == ring, $"ring {ring} opens");
            await Task.WhenAll(rings[ring].Select(agent => InstallAsync(agent, deployment.Id)));
        }
        await Eventually.TrueAsync(async () => (await GetAsync(person, deployment.Id)).Status == DeploymentStatus.Completed, "it completes");
        await Eventually.TrueAsync(async () => (await _platform.AuditOfAsync($"deployment/{deployment.Id}", 6)).Count(e => e.Operation == "deployment.advance") == 4, "four steps, each once");
    }

    private Task<Client> As(string token) => _platform.ClientAsync<Client>(token);

    private async Task<List<string>> NewAgentsAsync(string name, int count, params string[] tags)
    {
        var ids = Enumerable.Range(0, count).Select(i => $"{name}-{i:00}").ToList();
        foreach (var id in ids)
            await (await _platform.ClientAsync<RegistryClient>(Tokens.Agent(id))).RegisterAgentAsync(new RegisterAgentRequest { Platform = Machine.Linux, Version = "1", Tags = { tags } });
        return ids;
    }

    private async Task<Deployment> CreateAsync(Client person, string name, IEnumerable<string> agents, Action<CreateDeploymentRequest>? change = null, string? packageId = null)
    {
        packageId ??= (await _platform.NewReleasedPackageAsync(name)).Id;
        var request = new CreateDeploymentRequest { PackageId = packageId, Selection = new DeploymentSelection { AgentIds = { agents } } };
        change?.Invoke(request);
        return (await person.CreateDeploymentAsync(request)).Deployment;
    }

    private async Task<Deployment> StartAsync(Client person, string name, IEnumerable<string> agents, Action<CreateDeploymentRequest>? change = null, string? packageId = null) =>
        await MoveAsync(person, (await CreateAsync(person, name, agents, change, packageId)).Id, DeploymentStatus.Running);

    private static async Task<Deployment> MoveAsync(Client person, string id, DeploymentStatus to) =>
        (await person.TransitionDeploymentAsync(new TransitionDeploymentRequest { Id = id, Status = to })).Deployment;

    private static async Task<Deployment> GetAsync(Client person, string id) => (await person.GetDeploymentAsync(new GetDeploymentRequest { Id = id })).Deployment;

    private static async Task<List<Install>> InstallsAsync(Client person, string id) =>
        [.. (await person.ListInstallsAsync(new ListInstallsRequest { DeploymentId = id, PageSize = 500 })).Installs];

    private async Task InstallAsync(string agent, string deploymentId)
    {
        foreach (var step in new[] { Downloading, Installing, Installed })
            await ReportAsync(agent, deploymentId, step, step == Installed ? 100 : 0);
    }

    private async Task<Install> ReportAsync(string agent, string deploymentId, InstallStatus status, int progress = 0) =>
        (await (await As(Tokens.Agent(agent))).ReportInstallAsync(new ReportInstallRequest { DeploymentId = deploymentId, Status = status, ProgressPercent = progress })).Install;
}
