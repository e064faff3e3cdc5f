using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>The RPCs of deployments. See deployment.proto for what each promises.</summary>
public sealed class DeploymentService(
    Database database, DeploymentStore store, InstallStore installs, PackageStore packages, DeploymentPlan plan, Follower follower)
    : Contracts.Registry.V1.DeploymentService.DeploymentServiceBase
{
    // The versions of one package that are looked through for the one before.
    private const int MaximumVersions = 1_000;

    public override async Task<CreateDeploymentResponse> CreateDeployment(CreateDeploymentRequest request, ServerCallContext context)
    {
        var given = DeploymentRules.Check(request);

        await using var work = await database.BeginAsync(context);
        var package = await packages.FindToChangeAsync(work, given.PackageId) ?? throw PackageRules.NotFound(given.PackageId);
        var made = await plan.MakeAsync(work, given, package, id => installs.AddMatchingAsync(work, id, given.Rings, request.Selection), DeploymentRules.NobodyMatches);
        var counts = await installs.CountAsync(work, made.Id);
        return await work.CommitAsync(new CreateDeploymentResponse { Deployment = made.ToProto(counts.Counts) });
    }

    public override async Task<TransitionDeploymentResponse> TransitionDeployment(TransitionDeploymentRequest request, ServerCallContext context)
    {
        DeploymentRules.Check(request, out var id);

        await using var work = await database.BeginAsync(context);
        var deployment = await store.FindToChangeAsync(work, id) ?? throw DeploymentRules.NotFound(id);
        DeploymentRules.CheckVersion(deployment, request.Version);
        DeploymentRules.CheckStep(deployment, request.Status);

        var moved = store.Change(work, DeploymentRules.Step(deployment, request.Status, request.Reason, database.Now));
        var counts = await installs.CountAsync(work, id);
        work.Audit("deployment.transition", $"deployment/{id}",
            [("from", DeploymentRules.NameOf(deployment.Status)), ("to", DeploymentRules.NameOf(moved.Status)), ("reason", request.Reason)]);
        return await work.CommitAsync(new TransitionDeploymentResponse { Deployment = moved.ToProto(counts.Counts) });
    }

    public override async Task<RollbackDeploymentResponse> RollbackDeployment(RollbackDeploymentRequest request, ServerCallContext context)
    {
        DeploymentRules.Check(request, out var id, out var packageId);

        await using var work = await database.BeginAsync(context);
        var seen = await store.FindAsync(work, id) ?? throw DeploymentRules.NotFound(id);
        DeploymentRules.CheckStep(seen, DeploymentStatus.RolledBack);
        // Packages before deployments, as a withdrawal locks them; or each could wait for the other.
        var package = await FindTargetAsync(work, seen, packageId);
        var deployment = (await store.FindToChangeAsync(work, id))!;
        DeploymentRules.CheckStep(deployment, DeploymentStatus.RolledBack);

        var undone = store.Change(work, DeploymentRules.Step(deployment, DeploymentStatus.RolledBack, request.Reason, database.Now));
        // All at once, and whatever fails: who is to be rid of a bad version waits for nobody.
        var given = new NewDeployment(package.Id, "{}", [100], TimeSpan.Zero, 100, deployment.InstallTimeout, id);
        var made = await plan.MakeAsync(work, given, package, newId => installs.AddBegunOfAsync(work, newId, given.Rings, id), () => DeploymentRules.NothingToRollBack(id));
        var rollback = store.Change(work, DeploymentRules.Step(made, DeploymentStatus.Running, request.Reason, database.Now));
        var (oldCounts, newCounts) = (await installs.CountAsync(work, id), await installs.CountAsync(work, made.Id));
        work.Audit("deployment.rollback", $"deployment/{id}", [("rollback", $"{made.Id}"), ("to_version", package.Version), ("reason", request.Reason)]);
        return await work.CommitAsync(new RollbackDeploymentResponse { RolledBack = undone.ToProto(oldCounts.Counts), Rollback = rollback.ToProto(newCounts.Counts) });
    }

    public override async Task<GetDeploymentResponse> GetDeployment(GetDeploymentRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        var (deployment, counts) = await FindAsync(id, context);
        return new GetDeploymentResponse { Deployment = deployment.ToProto(counts.Counts) };
    }

    public override async Task<ListDeploymentsResponse> ListDeployments(ListDeploymentsRequest request, ServerCallContext context)
    {
        DeploymentRules.Check(request);
        var page = PageRequest.Read("deployments", request.PageSize, request.PageToken, request.Status, request.PackageName);

        var fetched = await store.ListAsync(page, request.Status, request.PackageName, context);
        var (rows, next) = page.Cut(fetched, d => d.Id.ToString());
        return new ListDeploymentsResponse { Deployments = { rows.Select(d => d.ToProto()) }, NextPageToken = next };
    }

    public override Task WatchDeployment(WatchDeploymentRequest request, IServerStreamWriter<WatchDeploymentResponse> responseStream, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();
        return follower.RunAsync(context, DeploymentRules.TopicOf(id), () => FindAsync(id, context), seen => seen.Deployment.Version + seen.Counts.Reports,
            seen => seen.Deployment.IsEnded, (seen, stop) => responseStream.WriteAsync(new WatchDeploymentResponse { Deployment = seen.Deployment.ToProto(seen.Counts.Counts) }, stop));
    }

    public override async Task<ListInstallsResponse> ListInstalls(ListInstallsRequest request, ServerCallContext context)
    {
        InstallRules.Check(request, out var id);
        var page = PageRequest.Read("installs", request.PageSize, request.PageToken, id, request.Status, request.Ring);

        _ = await store.FindAsync(id, context) ?? throw DeploymentRules.NotFound(id);
        var fetched = await installs.ListAsync(page, id, request.Status, request.Ring, context);
        var (rows, next) = page.Cut(fetched, i => i.AgentId);
        return new ListInstallsResponse { Installs = { rows.Select(i => i.ToProto()) }, NextPageToken = next };
    }

    public override async Task<ListMyInstallsResponse> ListMyInstalls(ListMyInstallsRequest request, ServerCallContext context)
    {
        var agentId = context.Caller().AgentId;
        var page = PageRequest.Read("my_installs", request.PageSize, request.PageToken, agentId);

        var fetched = await installs.ListOfferedAsync(page, agentId, context);
        var (rows, next) = page.Cut(fetched, o => o.Install.DeploymentId.ToString());
        var byId = rows.Count == 0 ? [] : (await packages.FindAllAsync([.. rows.Select(o => o.PackageId).Distinct()], context)).ToDictionary(p => p.Id);
        return new ListMyInstallsResponse
        {
            Installs = { rows.Select(o => new OfferedInstall { Install = o.Install.ToProto(), Package = byId[o.PackageId].ToProto() }) },
            NextPageToken = next,
        };
    }

    public override async Task<ReportInstallResponse> ReportInstall(ReportInstallRequest request, ServerCallContext context)
    {
        InstallRules.Check(request, out var id);

        await using var work = await database.BeginAsync(context);
        var agentId = work.Caller.AgentId;
        var install = await installs.FindToChangeAsync(work, id, agentId) ?? throw InstallRules.NotFound(id);
        if (install.IsEnded && install.Status == request.Status)
            return await work.CommitAsync(new ReportInstallResponse { Install = install.ToProto() });
        var deployment = (await store.FindAsync(work, id))!;
        InstallRules.CheckStep(install, request.Status, deployment);

        var moved = installs.Change(work, install with { Status = request.Status, ProgressPercent = request.ProgressPercent, Message = request.Message });
        if (deployment.RollbackOf is { } undone && moved.Status == InstallStatus.Installed)
            installs.SetRolledBack(work, undone, agentId);
        // How much of a file has come would be most of the log, and tells nothing; each step does.
        if (moved.Status != install.Status)
            work.Audit("deployment.install", $"deployment/{id}",
                [("from", InstallRules.NameOf(install.Status)), ("to", InstallRules.NameOf(moved.Status)), ("name", deployment.PackageName), ("version", deployment.PackageVersion),
                    ("message", request.Message)]);
        return await work.CommitAsync(new ReportInstallResponse { Install = moved.ToProto() });
    }

    private async Task<(DeploymentRecord Deployment, DeploymentCounts Counts)> FindAsync(Guid id, ServerCallContext context)
    {
        // Before the counts: a deployment that is shown as ended has counts that are no older.
        var deployment = await store.FindAsync(id, context) ?? throw DeploymentRules.NotFound(id);
        return (deployment, await installs.CountAsync(id, context));
    }

    private async Task<PackageRecord> FindTargetAsync(UnitOfWork work, DeploymentRecord deployment, Guid? packageId)
    {
        var id = packageId ?? DeploymentRules.VersionBefore(await packages.ReleasedOfAsync(work, deployment.PackageName, MaximumVersions), deployment.PackageVersion)?.Id
            ?? throw DeploymentRules.NoEarlierVersion(deployment);
        var package = await packages.FindToChangeAsync(work, id) ?? throw PackageRules.NotFound(id);
        return package.Name == deployment.PackageName && package.Id != deployment.PackageId ? package
            : throw Errors.InvalidArgument("package_id", $"is not another version of {deployment.PackageName}");
    }
}
