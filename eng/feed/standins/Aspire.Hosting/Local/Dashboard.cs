using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.Local;

/// <summary>The real Aspire dashboard, run beside the application. Nothing waits for it; telemetry sent before it listens is sent again.</summary>
internal static class Dashboard
{
    public const string OtlpUrlKey = "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL";
    public const string FrontendUrlKey = "ASPNETCORE_URLS";

    private const string AllowAnonymousKey = "ASPIRE_DASHBOARD_UNSECURED_ALLOW_ANONYMOUS";

    /// <summary>How to start it; null, with the reason said, when that is not possible.</summary>
    public static Launch? Describe(AppHostPaths paths, IConfiguration configuration, Action<string> report)
    {
        if (configuration[FrontendUrlKey] is not { Length: > 0 } frontend || configuration[OtlpUrlKey] is not { Length: > 0 } otlp)
        {
            report($"dashboard: off, because {FrontendUrlKey} and {OtlpUrlKey} are not both set");
            return null;
        }

        if (!File.Exists(paths.DashboardProgram))
        {
            report($"dashboard: off, because its program is missing ({paths.DashboardProgram ?? "the build named none"})");
            return null;
        }

        return new Launch(
            "dashboard",
            paths.DashboardProgram,
            ["dashboard"],
            Path.GetDirectoryName(paths.DashboardProgram)!,
            new Dictionary<string, string>
            {
                [FrontendUrlKey] = frontend,
                [OtlpUrlKey] = otlp,
                [AllowAnonymousKey] = configuration[AllowAnonymousKey] ?? "false",
            },
            IsServer: false);
    }
}
