using System.Security.Cryptography;
using System.Text;
using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Registry;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using static AgentPlatform.Tests.Registries.PackageCalls;
using Client = AgentPlatform.Contracts.Registry.V1.PackageService.PackageServiceClient;

namespace AgentPlatform.Tests.Registries;

public sealed class PackageTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_package_is_created_scanned_and_released_by_another_and_every_step_is_on_the_audit_log()
    {
        var (person, superuser) = (await As(Tokens.Operator("olga")), await As(Tokens.Superuser("sam")));
        var created = (await person.CreatePackageAsync(Request("whole", "1.4.0-rc.1+build.5"))).Package;
        Assert.Equal((PackageStatus.Draft, "user:olga", 1), (created.Status, created.CreatedBy, created.ComponentCount));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sbom))), created.SbomSha256);
        Assert.Equal(Sbom, (await person.GetSbomAsync(new GetSbomRequest { PackageId = created.Id })).Sbom);

        var scanned = (await person.RecordScanAsync(ScanOf(created.Id))).Package;
        var released = (await superuser.ReleasePackageAsync(new ReleasePackageRequest { Id = created.Id, Digest = scanned.Digest, Notes = "looked at it" })).Package;
        Assert.Equal((PackageStatus.Released, "user:sam", scanned.Digest), (released.Status, released.ReleasedBy, released.Digest));
        Assert.Equal(released, (await person.GetPackageAsync(new GetPackageRequest { Id = created.Id })).Package);

        var entries = await platform.AuditOfAsync($"package/{created.Id}", 3);
        Assert.Equal(["package.create", "package.scan", "package.release"], entries.Select(e => e.Operation));
        Assert.Equal("user:sam", entries[2].AuthorizedBy);
    }

    [Fact]
    public async Task The_digest_is_what_the_contract_says()
    {
        var person = await As(Tokens.Operator());
        var p = (await person.CreatePackageAsync(Request("digest"))).Package;
        string Of(Package x) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
            $"{x.Name}\n{x.Version}\n{x.Sha256}\n{x.SizeBytes}\n{x.Url}\n{x.SbomSha256}\n{x.LastScan?.Id}\n")));
        Assert.Equal(Of(p), p.Digest);
        var scanned = (await person.RecordScanAsync(ScanOf(p.Id))).Package;
        Assert.Equal(Of(scanned), scanned.Digest);
        Assert.NotEqual(p.Digest, scanned.Digest);
    }

    [Fact]
    public async Task Nothing_is_released_unseen_unscanned_or_by_who_created_it()
    {
        var (person, superuser) = (await As(Tokens.Operator("olga")), await As(Tokens.Superuser("sam")));
        var package = (await person.CreatePackageAsync(Request("gated"))).Package;
        Task<Refusal> RefusedAsync(Client client, StatusCode code, string reason, string digest) =>
            Refusal.ExpectAsync(code, reason, async () => await client.ReleasePackageAsync(new ReleasePackageRequest { Id = package.Id, Digest = digest }));

        await RefusedAsync(superuser, StatusCode.FailedPrecondition, "SCAN_MISSING", package.Digest);
        var passed = (await person.RecordScanAsync(ScanOf(package.Id))).Package;
        await RefusedAsync(superuser, StatusCode.FailedPrecondition, "DIGEST_MISMATCH", package.Digest);
        var failed = (await person.RecordScanAsync(ScanOf(package.Id, ScanResult.Failed))).Package;
        await RefusedAsync(superuser, StatusCode.FailedPrecondition, "SCAN_FAILED", failed.Digest);
        var again = (await person.RecordScanAsync(ScanOf(package.Id))).Package;
        // What was seen before the scans in between is not what there is now.
        var refusal = await RefusedAsync(superuser, StatusCode.FailedPrecondition, "DIGEST_MISMATCH", passed.Digest);
        Assert.Equal(again.Digest, refusal.Facts["digest"]);

        var own = (await superuser.CreatePackageAsync(Request("own"))).Package;
        own = (await person.RecordScanAsync(ScanOf(own.Id))).Package;
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "CREATOR_MAY_NOT_RELEASE",
            async () => await superuser.ReleasePackageAsync(new ReleasePackageRequest { Id = own.Id, Digest = own.Digest }));
        Assert.Equal(4, (await platform.AuditOfAsync($"package/{package.Id}", 8)).Count(e => e.Outcome == Outcome.Denied));
        var scans = await person.ListScansAsync(new ListScansRequest { PackageId = package.Id, PageSize = 2 });
        Assert.Equal([ScanResult.Passed, ScanResult.Failed], scans.Scans.Select(s => s.Verdict));
        Assert.Equal(passed.LastScan, Assert.Single((await person.ListScansAsync(new ListScansRequest { PackageId = package.Id, PageSize = 2, PageToken = scans.NextPageToken })).Scans));
    }

    [Fact]
    public async Task A_withdrawn_package_never_comes_back()
    {
        var (person, superuser) = (await As(Tokens.Operator("olga")), await As(Tokens.Superuser("sam")));
        var package = await platform.NewReleasedPackageAsync("recalled");
        var withdrawn = (await superuser.WithdrawPackageAsync(new WithdrawPackageRequest { Id = package.Id, Reason = "it leaks" })).Package;
        Assert.Equal((PackageStatus.Withdrawn, "user:sam", "it leaks"), (withdrawn.Status, withdrawn.WithdrawnBy, withdrawn.WithdrawReason));

        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "PACKAGE_WITHDRAWN", async () => await person.RecordScanAsync(ScanOf(package.Id)));
        var refusal = await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION",
            async () => await superuser.ReleasePackageAsync(new ReleasePackageRequest { Id = package.Id, Digest = package.Digest }));
        Assert.Equal(("WITHDRAWN", "RELEASED"), (refusal.Facts["from"], refusal.Facts["to"]));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION",
            async () => await superuser.WithdrawPackageAsync(new WithdrawPackageRequest { Id = package.Id, Reason = "again" }));
        await Refusal.ExpectAsync(StatusCode.AlreadyExists, "PACKAGE_EXISTS", async () => await person.CreatePackageAsync(Request("recalled")));
    }

    [Fact]
    public async Task Scans_at_the_same_time_at_two_instances_are_numbered_without_gap()
    {
        await using var other = await platform.StartAnotherAsync("registry");
        Client[] clients = [await As(Tokens.Operator("ann")), platform.Client<Client>(other.GrpcAddress, Tokens.Operator("bob"))];
        var id = (await clients[0].CreatePackageAsync(Request("busy"))).Package.Id;
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async i => await clients[i % 2].RecordScanAsync(ScanOf(id))));
        Assert.Equal(Enumerable.Range(1, 20), await platform.SqlAsync<int>("SELECT number FROM registry.package_scans WHERE package_id = $1 ORDER BY number", Guid.Parse(id)));
    }

    [Fact]
    public async Task Lists_are_filtered_and_paged_newest_first()
    {
        var person = await As(Tokens.Operator());
        var ids = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            ids.Insert(0, (await person.CreatePackageAsync(Request("listed", $"1.{i}.0"))).Package.Id);
            platform.Clock.Advance(TimeSpan.FromMilliseconds(2));
        }
        var first = await person.ListPackagesAsync(new ListPackagesRequest { Name = "listed", PageSize = 2 });
        var second = await person.ListPackagesAsync(new ListPackagesRequest { Name = "listed", PageSize = 2, PageToken = first.NextPageToken });
        Assert.Equal(ids, first.Packages.Concat(second.Packages).Select(p => p.Id));
        Assert.Equal("", second.NextPageToken);
        Assert.Empty((await person.ListPackagesAsync(new ListPackagesRequest { Name = "listed", Status = PackageStatus.Released })).Packages);
    }

    [Fact]
    public async Task Bad_packages_are_refused_with_their_fields()
    {
        var person = await As(Tokens.Operator());
        Task RefusedAsync(Action<CreatePackageRequest> spoil, params string[] fields)
        {
            var request = Request("bad");
            spoil(request);
            return Refusal.ExpectFieldsAsync(async () => await person.CreatePackageAsync(request), fields);
        }
        await Refusal.ExpectFieldsAsync(async () => await person.CreatePackageAsync(new CreatePackageRequest()), "name", "version", "sha256", "size_bytes", "url", "sbom");
        foreach (var version in new[] { "1", "1.2", "v1.2.3", "01.2.3", "1.2.3-", "1.2.3-01", "1.2.3+", "1.2.3\n", $"1.2.3-{new string('a', 200)}" })
            await RefusedAsync(r => r.Version = version, "version");
        foreach (var url in new[] { "http://example.org/a", "https://user:word@example.org/a", "https://example.org/a#b", "https://", "file:///etc/passwd", "vault://", "vault://../a", "vault://a//b", "vault://a\nb" })
            await RefusedAsync(r => r.Url = url, "url");
        await RefusedAsync(r => r.Sha256 = new string('A', 64), "sha256");
        await RefusedAsync(r => r.SizeBytes = -1, "size_bytes");
        foreach (var sbom in new[] { "no", "[]", "{", """{"bomFormat":"CycloneDX","bomFormat":"CycloneDX"}""", new string('x', SbomRules.MaximumCharacters + 1) })
            await Refusal.ExpectAsync(StatusCode.InvalidArgument, Errors.InvalidFieldReason, async () => await person.CreatePackageAsync(new CreatePackageRequest(Request("bad")) { Sbom = sbom }));
        await RefusedAsync(r => r.Sbom = """{"bomFormat":"SPDX","specVersion":"1.8","version":0}""", "sbom.bomFormat", "sbom.specVersion", "sbom.version");
        await RefusedAsync(r => r.Sbom = """{"bomFormat":"CycloneDX","specVersion":"1.3"}""", "sbom.version");
        await RefusedAsync(r => r.Sbom = """{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":{}}""", "sbom.components");
        await RefusedAsync(r => r.Sbom = """{"bomFormat":"CycloneDX","specVersion":"1.6","version":1,"components":[{"type":"library","name":"a"},{"type":"soup"},7]}""",
            "sbom.components[1].type", "sbom.components[1].name", "sbom.components[2]");
        await Refusal.ExpectFieldsAsync(async () => await person.RecordScanAsync(new RecordScanRequest { FindingsCount = -1 }), "package_id", "scanner", "verdict", "findings_count", "scan_time");
        var ahead = ScanOf(Guid.NewGuid().ToString());
        ahead.ScanTime = platform.Clock.GetUtcNow().AddHours(1).ToTimestamp();
        await Refusal.ExpectFieldsAsync(async () => await person.RecordScanAsync(ahead), "scan_time");
        await Refusal.ExpectAsync(StatusCode.NotFound, "PACKAGE_NOT_FOUND", async () => await person.RecordScanAsync(ScanOf(Guid.NewGuid().ToString())));
        await Refusal.ExpectAsync(StatusCode.NotFound, "PACKAGE_NOT_FOUND", async () => await person.GetSbomAsync(new GetSbomRequest { PackageId = Guid.NewGuid().ToString() }));
    }

    [Fact]
    public void Versions_are_ordered_as_the_standard_says()
    {
        // Section 11 of Semantic Versioning 2.0.0, and numbers that no int holds.
        string[] ordered =
        [
            "1.0.0-alpha", "1.0.0-alpha.1", "1.0.0-alpha.beta", "1.0.0-beta", "1.0.0-beta.2", "1.0.0-beta.11", "1.0.0-rc.1", "1.0.0", "1.2.0", "1.10.0", "2.0.0",
            "99999999999999999999.0.0",
        ];
        var shuffled = ordered.OrderBy(v => v.Length).ThenByDescending(v => v, StringComparer.Ordinal).ToList();
        Assert.Equal(ordered, shuffled.OrderBy(v => SemanticVersion.TryParse(v)));
        Assert.Equal(0, SemanticVersion.TryParse("1.0.0+a")!.CompareTo(SemanticVersion.TryParse("1.0.0+b")));
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);
}
