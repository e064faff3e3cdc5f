namespace AgentPlatform.Registry;

/// <summary>What the registry has beside agents and their tasks: packages, deployments, configuration, schedules and telemetry.</summary>
public static class ManagementExtensions
{
    public static void AddManagement(this WebApplicationBuilder builder)
    {
        var (services, configuration) = (builder.Services, builder.Configuration);
        services.AddSingleton<PackageStore>();
        services.AddSingleton(configuration.GetSection("Deployments").Get<DeploymentSettings>() ?? new DeploymentSettings());
        services.AddSingleton<DeploymentStore>();
        services.AddSingleton<InstallStore>();
        services.AddSingleton<DeploymentPlan>();
        services.AddHostedService<DeploymentSweeper>();
        services.AddSingleton(ScheduleSettings.Read(configuration));
        services.AddSingleton<ScheduleStore>();
        services.AddSingleton<ScheduleRunStore>();
        services.AddSingleton<ScheduleMetrics>();
        services.AddSingleton<ScheduleRuns>();
        services.AddHostedService<ScheduleSweeper>();
        services.AddSingleton(TelemetrySettings.Read(configuration));
        services.AddSingleton<TelemetryQueue>();
        services.AddSingleton<TelemetryStore>();
        services.AddHostedService<TelemetryWriter>();
        services.AddHostedService<TelemetrySweeper>();
    }

    public static void MapManagement(this WebApplication app)
    {
        app.MapGrpcService<PackageService>();
        app.MapGrpcService<DeploymentService>();
        app.MapGrpcService<AgentConfigService>();
        app.MapGrpcService<ScheduleService>();
        app.MapGrpcService<TelemetryService>();
    }
}
