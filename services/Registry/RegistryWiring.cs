using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Registry;

/// <summary>What Program.cs adds, by concern.</summary>
internal static class RegistryWiring
{
    public static void AddPresence(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<AgentViews>();
        builder.Services.AddSingleton<PresenceStore>();
        builder.Services.AddSingleton<Heartbeats>();
        builder.Services.AddSingleton<Presence>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Presence>());
        builder.Services.AddHostedService<PresenceSweeper>();
    }

    public static void AddSessionTasks(this WebApplicationBuilder builder)
    {
        builder.AddPlatformClient<TaskDispatchService.TaskDispatchServiceClient>("session");
        builder.Services.AddSingleton<TaskReports>();
        builder.Services.AddSingleton<SessionTasks>();
        builder.Services.AddHostedService<TaskIntake>();
        builder.Services.AddHostedService<TaskReporter>();
    }

    public static void AddAgentTasks(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(TaskSettings.Read(builder.Configuration));
        builder.Services.AddSingleton<AgentTaskStore>();
        builder.Services.AddSingleton<LeaseStore>();
        builder.Services.AddSingleton<AgentTasks>();
        builder.Services.AddSingleton<HeldTasks>();
        builder.Services.AddSingleton<TaskPolls>();
        builder.Services.AddSingleton<Follower>();
        builder.Services.AddSingleton(services => new StreamGate(services.GetRequiredService<IHostApplicationLifetime>(), RegistrySettings.StreamsMaximum));
        builder.Services.AddSingleton<Dispatcher>();
        builder.Services.AddHostedService(services => services.GetRequiredService<Dispatcher>());
        builder.Services.AddHostedService<AgentTaskSweeper>();
        builder.Services.AddSingleton<AgentTurns>();
        builder.Services.AddSingleton<Arrivals>();
        builder.Services.AddSingleton<AgentLinkTools>();
        builder.Services.AddSingleton(new ConstraintErrors
        {
            // A task is for the agent that was found.
            ["tasks_has_a_queue"] = AgentTaskRules.UnknownAgent,
            // The last task of the pool was removed in this very moment, and the pool with it.
            ["tasks_pool_fkey"] = () => Errors.ConcurrentUpdate("The pool of this selection"),
            ["schedules_name"] = ScheduleRules.Exists,
            ["packages_name_version"] = PackageRules.Exists,
        });
    }
}
