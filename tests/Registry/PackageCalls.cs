using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Client = AgentPlatform.Contracts.Registry.V1.PackageService.PackageServiceClient;

namespace AgentPlatform.Tests.Registries;

/// <summary>Packages as tests need them.</summary>
internal static class PackageCalls
{
    /// <summary>The least that is a bill of materials, with a component.</summary>
    public const string Sbom = """{"bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1, "components": [{"type": "library", "name": "left-pad", "version": "1.3.0"}]}""";

    /// <summary>A request that is right in every field.</summary>
    public static CreatePackageRequest Request(string name, string version = "1.0.0") => new()
    {
        Name = name,
        Version = version,
        Sha256 = new string('a', 64),
        SizeBytes = 1_048_576,
        Url = $"https://packages.example.org/{name}-{version}.tar.gz",
        Sbom = Sbom,
    };

    /// <summary>A scan, now, that went well or not.</summary>
    public static RecordScanRequest ScanOf(string packageId, ScanResult result = ScanResult.Passed) => new()
    {
        PackageId = packageId,
        Scanner = "grype",
        Verdict = result,
        FindingsCount = result == ScanResult.Passed ? 0 : 3,
        ScanTime = TimeProvider.System.GetUtcNow().ToTimestamp(),
    };

    /// <summary>Creates, scans and releases a package, each by whom it takes.</summary>
    public static async Task<Package> NewReleasedPackageAsync(this Platform platform, string name, string version = "1.0.0")
    {
        var person = await platform.ClientAsync<Client>(Tokens.Operator("packer"));
        var id = (await person.CreatePackageAsync(Request(name, version))).Package.Id;
        var scanned = (await person.RecordScanAsync(ScanOf(id))).Package;
        var superuser = await platform.ClientAsync<Client>(Tokens.Superuser("releaser"));
        return (await superuser.ReleasePackageAsync(new ReleasePackageRequest { Id = id, Digest = scanned.Digest })).Package;
    }
}
