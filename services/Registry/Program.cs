using AgentPlatform;
using AgentPlatform.Registry;

var builder = WebApplication.CreateBuilder(args);
builder.AddPlatformService("registry").AddAuditRelay();
builder.Services.AddSingleton(RegistrySettings.Read(builder.Configuration));
builder.Services.AddSingleton<AgentStore>();
builder.Services.AddSingleton<AgentConfigStore>();
builder.Services.AddSingleton<AgentRegistration>();
builder.Services.AddSingleton<AgentStatuses>();
builder.Services.AddSingleton<AgentEvents>();
builder.AddPresence();
builder.AddAgentTasks();
builder.AddSessionTasks();
builder.AddManagement();

var app = builder.Build();
app.MapGrpcService<AgentTaskService>();
app.MapGrpcService<AgentLinkService>();
app.MapManagement();
app.MapPlatformService<RegistryService>();
app.Run();
