using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>The RPCs of packages. See package.proto for what each promises.</summary>
public sealed class PackageService(Database database, PackageStore store, DeploymentStore deployments) : Contracts.Registry.V1.PackageService.PackageServiceBase
{
    private const string Released = "package.release";

    public override async Task<CreatePackageResponse> CreatePackage(CreatePackageRequest request, ServerCallContext context)
    {
        PackageRules.Check(request, out var componentCount);

        await using var work = await database.BeginAsync(context);
        var package = store.Add(work, request, componentCount);
        work.Audit("package.create", $"package/{package.Id}",
            [("name", package.Name), ("version", package.Version), ("sha256", package.Sha256), ("url", package.Url), ("sbom_sha256", package.SbomSha256)]);
        return await work.CommitAsync(new CreatePackageResponse { Package = package.ToProto() });
    }

    public override async Task<RecordScanResponse> RecordScan(RecordScanRequest request, ServerCallContext context)
    {
        PackageRules.Check(request, database.Now, out var id, out var scannedAt);

        await using var work = await database.BeginAsync(context);
        var package = await store.FindToChangeAsync(work, id) ?? throw PackageRules.NotFound(id);
        PackageRules.CheckScannable(package);
        package = store.AddScan(work, package, request, scannedAt);
        work.Audit("package.scan", $"package/{id}",
            [("scanner", request.Scanner), ("verdict", EnumText.Of(request.Verdict)), ("findings_count", $"{request.FindingsCount}")]);
        return await work.CommitAsync(new RecordScanResponse { Package = package.ToProto() });
    }

    public override async Task<ReleasePackageResponse> ReleasePackage(ReleasePackageRequest request, ServerCallContext context)
    {
        PackageRules.Check(request, out var id);
        try
        {
            return await ReleaseAsync(id, request, context);
        }
        // That the gate held is worth an entry as much as that it opened.
        catch (PlatformException refusal) when (refusal.Code is StatusCode.FailedPrecondition or StatusCode.PermissionDenied)
        {
            await database.RecordRefusalAsync(context, Released, $"package/{id}", refusal);
            throw;
        }
    }

    public override async Task<WithdrawPackageResponse> WithdrawPackage(WithdrawPackageRequest request, ServerCallContext context)
    {
        PackageRules.Check(request, out var id);

        await using var work = await database.BeginAsync(context);
        var package = await store.FindToChangeAsync(work, id) ?? throw PackageRules.NotFound(id);
        PackageRules.CheckStep(package, PackageStatus.Withdrawn);
        package = store.Change(work, package with
        {
            Status = PackageStatus.Withdrawn,
            WithdrawnBy = work.Caller.Subject,
            WithdrawnAt = database.Now,
            WithdrawReason = request.Reason,
        });
        // Whoever plans a deployment of it holds the package's row as well: none is missed.
        foreach (var deployment in await deployments.FindOpenOfAsync(work, id))
        {
            deployments.Change(work, DeploymentRules.Step(deployment, DeploymentStatus.Aborted, "PACKAGE_WITHDRAWN", database.Now));
            work.Audit("deployment.transition", $"deployment/{deployment.Id}",
                [("from", DeploymentRules.NameOf(deployment.Status)), ("to", DeploymentRules.NameOf(DeploymentStatus.Aborted)), ("reason", "PACKAGE_WITHDRAWN")]);
        }
        work.Audit("package.withdraw", $"package/{id}", [("name", package.Name), ("version", package.Version), ("reason", request.Reason)]);
        return await work.CommitAsync(new WithdrawPackageResponse { Package = package.ToProto() });
    }

    public override async Task<GetPackageResponse> GetPackage(GetPackageRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        var package = await store.FindAsync(id, context) ?? throw PackageRules.NotFound(id);
        return new GetPackageResponse { Package = package.ToProto() };
    }

    public override async Task<GetSbomResponse> GetSbom(GetSbomRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("package_id", request.PackageId, out var id).ThrowIfAny();

        return new GetSbomResponse { Sbom = await store.FindSbomAsync(id, context) ?? throw PackageRules.NotFound(id) };
    }

    public override async Task<ListPackagesResponse> ListPackages(ListPackagesRequest request, ServerCallContext context)
    {
        PackageRules.Check(request);
        var page = PageRequest.Read("packages", request.PageSize, request.PageToken, request.Name, request.Status);

        var fetched = await store.ListAsync(page, request.Name, request.Status, context);
        var (rows, next) = page.Cut(fetched, p => p.Id.ToString());
        return new ListPackagesResponse { Packages = { rows.Select(p => p.ToProto()) }, NextPageToken = next };
    }

    public override async Task<ListScansResponse> ListScans(ListScansRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("package_id", request.PackageId, out var id).ThrowIfAny();
        var page = PageRequest.Read("scans", request.PageSize, request.PageToken, id);

        _ = await store.FindAsync(id, context) ?? throw PackageRules.NotFound(id);
        var fetched = await store.ListScansAsync(page, id, context);
        var (rows, next) = page.Cut(fetched, s => $"{s.Number}");
        return new ListScansResponse { Scans = { rows.Select(s => s.ToProto()) }, NextPageToken = next };
    }

    private async Task<ReleasePackageResponse> ReleaseAsync(Guid id, ReleasePackageRequest request, ServerCallContext context)
    {
        await using var work = await database.BeginAsync(context);
        var package = await store.FindToChangeAsync(work, id) ?? throw PackageRules.NotFound(id);
        PackageRules.CheckRelease(package, request.Digest, work.Caller);

        package = store.Change(work, package with { Status = PackageStatus.Released, ReleasedBy = work.Caller.Subject, ReleasedAt = database.Now });
        work.Audit(Released, $"package/{id}",
            [("name", package.Name), ("version", package.Version), ("digest", package.Digest), ("scanner", package.LastScan!.Scanner), ("notes", request.Notes)],
            authorizedBy: work.Caller.Subject);
        return await work.CommitAsync(new ReleasePackageResponse { Package = package.ToProto() });
    }
}
