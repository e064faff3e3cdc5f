using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using static AgentPlatform.Contracts.Registry.V1.InstallStatus;

namespace AgentPlatform.Registry;

/// <summary>How an agent may move an install of its own. No I/O.</summary>
public static class InstallRules
{
    public const int MessageMaximumCharacters = 1_000;

    public static void Check(ReportInstallRequest request, out Guid deploymentId) => new FieldChecks()
        .Id("deployment_id", request.DeploymentId, out deploymentId)
        .Known("status", request.Status)
        .Require(request.Status != Pending, "status", "is not for agents to report")
        .Require(request.ProgressPercent is >= 0 and <= 100, "progress_percent", "must be 0 to 100")
        .Text("message", request.Message, MessageMaximumCharacters)
        .ThrowIfAny();

    public static void Check(ListInstallsRequest request, out Guid deploymentId) => new FieldChecks()
        .Id("deployment_id", request.DeploymentId, out deploymentId)
        .KnownOrUnspecified("status", request.Status)
        .Require(request.Ring is >= 0 and <= DeploymentRules.MaximumRings, "ring", $"must be 1 to {DeploymentRules.MaximumRings}, or zero for all")
        .ThrowIfAny();

    /// <summary>A step may be reported again and again while it goes on.</summary>
    public static bool IsLegal(InstallStatus from, InstallStatus to) => (from, to) switch
    {
        (Pending, Downloading) => true,
        (Downloading, Downloading or Installing or Failed or RolledBack) => true,
        (Installing, Installing or Installed or Failed or RolledBack) => true,
        _ => false,
    };

    /// <summary>Whether the agent may take this step now. Who has begun may go on whatever becomes of the deployment.</summary>
    public static void CheckStep(InstallRecord install, InstallStatus to, DeploymentRecord deployment)
    {
        if (!IsLegal(install.Status, to))
            throw new PlatformException(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", $"An install that is {NameOf(install.Status)} cannot become {NameOf(to)}.")
            {
                Facts = new Dictionary<string, string> { ["from"] = NameOf(install.Status), ["to"] = NameOf(to) },
            };
        if (install.Status != Pending)
            return;
        if (deployment.PackageStatus == PackageStatus.Withdrawn)
            throw Errors.FailedPrecondition("PACKAGE_WITHDRAWN", $"{deployment.PackageName} {deployment.PackageVersion} was withdrawn.");
        if (deployment.Status != DeploymentStatus.Running || install.Ring > deployment.CurrentRing)
            throw Errors.FailedPrecondition("NOT_OFFERED",
                $"The deployment is {DeploymentRules.NameOf(deployment.Status)}, at ring {deployment.CurrentRing}; this agent is in ring {install.Ring}.");
    }

    public static PlatformException NotFound(Guid deploymentId) =>
        Errors.NotFound("INSTALL_NOT_FOUND", $"There is no deployment {deploymentId} for this agent.");

    /// <summary>A state as contracts and messages write it.</summary>
    public static string NameOf(InstallStatus status) => EnumText.Of(status).ToUpperInvariant();
}
