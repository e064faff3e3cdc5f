using AgentPlatform;
using AgentPlatform.Registry;

var builder = WebApplication.CreateBuilder(args);
builder.AddPlatformService("registry").AddAuditRelay();
builder.Services.AddSingleton(RegistrySettings.Read(builder.Configuration));
builder.Services.AddSingleton<AgentStore>();
builder.Services.AddSingleton<AgentConfigStore>();
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
builder.Services.AddSingleton(new ConstraintErrors
{
    ["tasks_agent_id_fkey"] = AgentTaskRules.UnknownAgent,
    // The last task of the pool was removed in this very moment, and the pool with it.
    ["tasks_pool_fkey"] = () => Errors.ConcurrentUpdate("The pool of this selection"),
});

var app = builder.Build();
app.MapGrpcService<AgentTaskService>();
app.MapPlatformService<RegistryService>();
app.Run();
