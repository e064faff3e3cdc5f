using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>What a package may be, where it may go, and who may send it there. No I/O.</summary>
public static class PackageRules
{
    public const int UrlMaximumCharacters = 2_048;
    public const int ReasonMaximumCharacters = 1_000;
    public const int MaximumScans = 1_000;
    private const long SizeMaximumBytes = 64L * 1024 * 1024 * 1024;
    private const int Sha256Characters = 64;
    private const string VaultScheme = "vault://";

    // The clocks of two machines differ.
    private static readonly TimeSpan ScanAheadMaximum = TimeSpan.FromMinutes(5);

    public static void Check(CreatePackageRequest request, out int componentCount)
    {
        var checks = new FieldChecks()
            .DottedName("name", request.Name)
            .Require(SemanticVersion.TryParse(request.Version) is not null, "version", $"must be a semantic version such as 1.4.0, of at most {SemanticVersion.MaximumCharacters} characters")
            .Require(IsSha256(request.Sha256), "sha256", "must be 64 lower-case hexadecimal digits")
            .Require(request.SizeBytes is > 0 and <= SizeMaximumBytes, "size_bytes", "must be 1 byte to 64 GiB")
            .Require(IsUrl(request.Url), "url", $"must be https://… without user and fragment, or vault://path, of at most {UrlMaximumCharacters:N0} characters");
        componentCount = SbomRules.Check(checks, request.Sbom);
        checks.ThrowIfAny();
    }

    public static void Check(RecordScanRequest request, DateTimeOffset now, out Guid packageId, out DateTimeOffset scannedAt)
    {
        var checks = new FieldChecks()
            .Id("package_id", request.PackageId, out packageId)
            .DottedName("scanner", request.Scanner)
            .Known("verdict", request.Verdict)
            .Require(request.FindingsCount >= 0, "findings_count", "is negative")
            .Time("scan_time", request.ScanTime, out var time)
            .Require(request.ScanTime is not null, "scan_time", "is required")
            .Require(time is null || time <= now + ScanAheadMaximum, "scan_time", "is ahead of now");
        checks.ThrowIfAny();
        // To the microsecond, as it is kept.
        scannedAt = time!.Value.AddTicks(-(time.Value.Ticks % TimeSpan.TicksPerMicrosecond));
    }

    public static void Check(ReleasePackageRequest request, out Guid id) => new FieldChecks()
        .Id("id", request.Id, out id)
        .Require(IsSha256(request.Digest), "digest", "must be 64 lower-case hexadecimal digits")
        .Text("notes", request.Notes, ReasonMaximumCharacters)
        .ThrowIfAny();

    public static void Check(WithdrawPackageRequest request, out Guid id) => new FieldChecks()
        .Id("id", request.Id, out id)
        .Text("reason", request.Reason, ReasonMaximumCharacters, minimum: 1)
        .ThrowIfAny();

    public static void Check(ListPackagesRequest request)
    {
        var checks = new FieldChecks().KnownOrUnspecified("status", request.Status);
        if (request.Name.Length > 0)
            checks.DottedName("name", request.Name);
        checks.ThrowIfAny();
    }

    public static bool IsLegal(PackageStatus from, PackageStatus to) => (from, to) switch
    {
        (PackageStatus.Draft, PackageStatus.Released or PackageStatus.Withdrawn) => true,
        (PackageStatus.Released, PackageStatus.Withdrawn) => true,
        _ => false, // what a version is never changes, nor comes back
    };

    /// <summary>Whether this caller may let the package out, having seen that digest. Who may not is told so before how it stands.</summary>
    public static void CheckRelease(PackageRecord package, string digest, Caller caller)
    {
        if (caller.Subject == package.CreatedBy)
            throw Errors.PermissionDenied("CREATOR_MAY_NOT_RELEASE", "Who created a package does not release it.");
        CheckStep(package, PackageStatus.Released);
        CheckScanned(package);
        if (digest != package.Digest)
            throw new PlatformException(StatusCode.FailedPrecondition, "DIGEST_MISMATCH", "The package is not what the digest stands for; look at it again.")
            {
                Facts = new Dictionary<string, string> { ["digest"] = package.Digest },
            };
    }

    public static void CheckScannable(PackageRecord package)
    {
        if (package.Status == PackageStatus.Withdrawn)
            throw Withdrawn(package);
        if (package.LastScan?.Number >= MaximumScans)
            throw Errors.FailedPrecondition("TOO_MANY_SCANS", $"Package {package.Id} has {MaximumScans:N0} scans, and takes no more.");
    }

    /// <summary>Whether the last word of a scanner is good.</summary>
    public static void CheckScanned(PackageRecord package)
    {
        if (package.LastScan is not { } scan)
            throw Errors.FailedPrecondition("SCAN_MISSING", $"No scan of {package.Name} {package.Version} is recorded.");
        if (scan.Verdict != ScanResult.Passed)
            throw Errors.FailedPrecondition("SCAN_FAILED", $"The last scan of {package.Name} {package.Version}, by {scan.Scanner}, did not pass.");
    }

    public static void CheckStep(PackageRecord package, PackageStatus to)
    {
        if (IsLegal(package.Status, to))
            return;
        throw new PlatformException(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", $"A package that is {NameOf(package.Status)} cannot become {NameOf(to)}.")
        {
            Facts = new Dictionary<string, string> { ["from"] = NameOf(package.Status), ["to"] = NameOf(to) },
        };
    }

    public static PlatformException Withdrawn(PackageRecord package) =>
        Errors.FailedPrecondition("PACKAGE_WITHDRAWN", $"{package.Name} {package.Version} was withdrawn: {package.WithdrawReason}");

    public static PlatformException NotFound(Guid id) => Errors.NotFound("PACKAGE_NOT_FOUND", $"There is no package {id}.");

    /// <summary>For the unique name and version.</summary>
    public static PlatformException Exists() => Errors.AlreadyExists("PACKAGE_EXISTS", "There is a package of this name and version; what a version is never changes.");

    /// <summary>A state as contracts and messages write it.</summary>
    public static string NameOf(PackageStatus status) => status.ToString().ToUpperInvariant();

    private static bool IsSha256(string text) => text.Length == Sha256Characters && text.All(char.IsAsciiHexDigitLower);

    private static bool IsUrl(string url)
    {
        if (url.Length > UrlMaximumCharacters || url.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)))
            return false;
        if (url.StartsWith(VaultScheme, StringComparison.Ordinal))
            return url[VaultScheme.Length..].Split('/').All(part => part is not ("" or "." or ".."));
        return Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri is { Scheme: "https", UserInfo: "", Fragment: "", Host.Length: > 0 };
    }
}
