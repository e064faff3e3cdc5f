using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using static AgentPlatform.Contracts.Registry.V1.DeploymentStatus;

namespace AgentPlatform.Registry;

/// <summary>What a deployment may be, where it may go, and when its next ring opens. No I/O.</summary>
public static class DeploymentRules
{
    public const int ReasonMaximumCharacters = 1_000;
    public const int MaximumAgentIds = 1_000;
    public const int MaximumRings = 20;
    private static readonly TimeSpan LongestTime = TimeSpan.FromDays(30);
    private static readonly TimeSpan ShortestInstallTimeout = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan InstallTimeoutUnlessGiven = TimeSpan.FromHours(24);

    public static NewDeployment Check(CreateDeploymentRequest request)
    {
        int[] rings = request.Rings.Count == 0 ? [100] : [.. request.Rings.Take(MaximumRings)];
        var checks = new FieldChecks()
            .Id("package_id", request.PackageId, out var packageId)
            .Require(request.Rings.Count <= MaximumRings, "rings", $"has {request.Rings.Count:N0} rings; at most {MaximumRings} are allowed")
            .Require(request.MaxFailurePercent is >= 0 and <= 100, "max_failure_percent", "must be 0 to 100")
            .Require(IsBetween(request.RingPause, TimeSpan.Zero), "ring_pause", "must be zero to 30 days")
            .Require(IsBetween(request.InstallTimeout, ShortestInstallTimeout), "install_timeout", "must be 1 minute to 30 days");
        for (var i = 0; i < rings.Length; i++)
            checks.Require(rings[i] is > 0 and <= 100, $"rings[{i}]", "must be 1 to 100 per cent")
                .Require(i == 0 || rings[i] > rings[i - 1], $"rings[{i}]", "is not more than the ring before");
        checks.Require(rings[^1] >= 100, "rings", "must end with 100");
        Check(checks, request.Selection);
        checks.ThrowIfAny();
        return new NewDeployment(packageId, JsonFormatter.Default.Format(request.Selection), rings, request.RingPause?.ToTimeSpan() ?? TimeSpan.Zero,
            request.MaxFailurePercent, request.InstallTimeout?.ToTimeSpan() ?? InstallTimeoutUnlessGiven);
    }

    public static void Check(TransitionDeploymentRequest request, out Guid id) => new FieldChecks()
        .Id("id", request.Id, out id)
        .Require(request.Status is Running or Paused or Aborted, "status", "must be RUNNING, PAUSED or ABORTED")
        .Require(request.Version >= 0, "version", "is negative")
        .Text("reason", request.Reason, ReasonMaximumCharacters)
        .ThrowIfAny();

    public static void Check(RollbackDeploymentRequest request, out Guid id, out Guid? packageId)
    {
        var checks = new FieldChecks().Id("id", request.Id, out id).Text("reason", request.Reason, ReasonMaximumCharacters, minimum: 1);
        packageId = null;
        if (request.PackageId.Length > 0)
        {
            checks.Id("package_id", request.PackageId, out var given);
            packageId = given;
        }
        checks.ThrowIfAny();
    }

    public static void Check(ListDeploymentsRequest request)
    {
        var checks = new FieldChecks().KnownOrUnspecified("status", request.Status);
        if (request.PackageName.Length > 0)
            checks.DottedName("package_name", request.PackageName);
        checks.ThrowIfAny();
    }

    public static bool IsLegal(DeploymentStatus from, DeploymentStatus to) => (from, to) switch
    {
        (Pending or Paused, Running) => true,
        (Running, Paused or Completed) => true,
        (Pending or Running or Paused, Aborted) => true,
        (Running or Paused or Completed or Aborted, RolledBack) => true,
        _ => false,
    };

    public static void CheckStep(DeploymentRecord deployment, DeploymentStatus to)
    {
        // One that was aborted before its start has touched nobody.
        if (IsLegal(deployment.Status, to) && (to != RolledBack || deployment.StartedAt is not null))
            return;
        throw new PlatformException(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", $"A deployment that is {NameOf(deployment.Status)} cannot become {NameOf(to)}.")
        {
            Facts = new Dictionary<string, string> { ["from"] = NameOf(deployment.Status), ["to"] = NameOf(to) },
        };
    }

    /// <summary>The deployment after a step that is legal, at this time.</summary>
    public static DeploymentRecord Step(DeploymentRecord deployment, DeploymentStatus to, string reason, DateTimeOffset now)
    {
        var moved = deployment with { Status = to, Reason = reason, EndedAt = to is Completed or Aborted or RolledBack ? now : null };
        return to != Running ? moved : moved with
        {
            StartedAt = deployment.StartedAt ?? now,
            CurrentRing = Math.Max(1, deployment.CurrentRing),
            // After a pause the ring has its whole time again.
            RingOpenedAt = now,
        };
    }

    /// <summary>
    /// What a running deployment becomes now, from how its present ring stands; null when it stays as it is. Too many failures stop it as soon as they are
    /// there, done or not.
    /// </summary>
    public static DeploymentRecord? Advance(DeploymentRecord deployment, RingCounts ring, DateTimeOffset now)
    {
        if ((long)ring.Failed * 100 > (long)deployment.MaxFailurePercent * ring.Total)
            return Step(deployment, Aborted, $"FAILURE_RATE: {ring.Failed} of the {ring.Total} agents of ring {deployment.CurrentRing} failed.", now);
        if (ring.Done < ring.Total)
            return null;
        if (deployment.CurrentRing == deployment.Rings.Count)
            return Step(deployment, Completed, "", now);
        // A ring that nobody is in asks for no pause; of few agents, the first rings take all.
        if (ring.Total > 0 && deployment.RingPause > TimeSpan.Zero && deployment.RingDoneAt is null)
            return deployment with { RingDoneAt = now };
        return now < deployment.RingDoneAt + deployment.RingPause ? null
            : deployment with { CurrentRing = deployment.CurrentRing + 1, RingOpenedAt = now, RingDoneAt = null };
    }

    /// <summary>The version with the next lower precedence; null when there is none.</summary>
    public static PackageRecord? VersionBefore(IEnumerable<PackageRecord> released, string version)
    {
        var present = SemanticVersion.TryParse(version);
        return released.Where(p => SemanticVersion.TryParse(p.Version)!.CompareTo(present) < 0).MaxBy(p => SemanticVersion.TryParse(p.Version));
    }

    /// <summary>Whether a package may go out.</summary>
    public static void CheckDeployable(PackageRecord package)
    {
        if (package.Status == PackageStatus.Withdrawn)
            throw PackageRules.Withdrawn(package);
        if (package.Status != PackageStatus.Released)
            throw Errors.FailedPrecondition("PACKAGE_NOT_RELEASED", $"{package.Name} {package.Version} is {PackageRules.NameOf(package.Status)}.");
        PackageRules.CheckScanned(package);
    }

    public static void CheckVersion(DeploymentRecord deployment, long expected)
    {
        if (expected != 0 && expected != deployment.Version)
            throw Errors.ConcurrentUpdate($"Deployment {deployment.Id}");
    }

    public static PlatformException NotFound(Guid id) => Errors.NotFound("DEPLOYMENT_NOT_FOUND", $"There is no deployment {id}.");

    public static PlatformException NobodyMatches() => Errors.FailedPrecondition("NO_AGENT_MATCHES", "No active agent matches the selection.");

    public static PlatformException NothingToRollBack(Guid id) => Errors.FailedPrecondition("NOTHING_TO_ROLL_BACK", $"No agent has begun with deployment {id}.");

    public static PlatformException NoEarlierVersion(DeploymentRecord deployment) =>
        Errors.FailedPrecondition("NO_EARLIER_VERSION", $"No version of {deployment.PackageName} before {deployment.PackageVersion} is released.");

    public static PlatformException Overlaps(Guid other) =>
        new(StatusCode.FailedPrecondition, "DEPLOYMENT_OVERLAPS", $"Deployment {other} of a package of this name has not ended for some of these agents.")
        {
            Facts = new Dictionary<string, string> { ["deployment_id"] = other.ToString() },
        };

    /// <summary>What watchers of a deployment listen to.</summary>
    public static string TopicOf(Guid id) => $"deployment/{id}";

    /// <summary>A state as contracts and messages write it.</summary>
    public static string NameOf(DeploymentStatus status) => EnumText.Of(status).ToUpperInvariant();

    private static void Check(FieldChecks checks, DeploymentSelection? selection)
    {
        if (selection is null)
        {
            checks.Require(false, "selection", "is required");
            return;
        }
        var isEmpty = selection is { AgentIds.Count: 0, Role: "", Platform: Platform.Unspecified, Tags.Count: 0, Capabilities.Count: 0 };
        checks.Require(selection.All || !isEmpty, "selection", "is empty; all agents are meant by its member all alone")
            .Require(!selection.All || isEmpty, "selection.all", "goes with nothing else")
            .KnownOrUnspecified("selection.platform", selection.Platform)
            .Require(selection.AgentIds.Count <= MaximumAgentIds, "selection.agent_ids", $"has {selection.AgentIds.Count:N0} ids; at most {MaximumAgentIds:N0} are allowed")
            .Require(selection.Tags.Count <= RegistryRules.LabelsMaximum, "selection.tags", $"has {selection.Tags.Count:N0} tags; at most {RegistryRules.LabelsMaximum} are allowed")
            .Require(selection.Capabilities.Count <= RegistryRules.LabelsMaximum, "selection.capabilities",
                $"has {selection.Capabilities.Count:N0} names; at most {RegistryRules.LabelsMaximum} are allowed");
        if (selection.Role.Length > 0)
            checks.Name("selection.role", selection.Role);
        foreach (var (i, id) in selection.AgentIds.Take(MaximumAgentIds).Index())
            checks.DottedName($"selection.agent_ids[{i}]", id);
        foreach (var (i, tag) in selection.Tags.Take(RegistryRules.LabelsMaximum).Index())
            checks.Text($"selection.tags[{i}]", tag, RegistryRules.TagMaximumCharacters, minimum: 1);
        foreach (var (i, name) in selection.Capabilities.Take(RegistryRules.LabelsMaximum).Index())
            checks.DottedName($"selection.capabilities[{i}]", name);
    }

    // Unset is right in any case.
    private static bool IsBetween(Duration? time, TimeSpan shortest) => time is null
        || time.Nanos is >= 0 and < 1_000_000_000 && time.Seconds >= shortest.TotalSeconds && time.Seconds <= LongestTime.TotalSeconds;
}
