using AgentPlatform;
using AgentPlatform.Registry;

var builder = WebApplication.CreateBuilder(args);
builder.AddPlatformService("registry").AddAuditRelay();
builder.Services.AddSingleton(RegistrySettings.Read(builder.Configuration));
builder.Services.AddSingleton<AgentStore>();
builder.Services.AddSingleton<AgentConfigStore>();

var app = builder.Build();
app.MapPlatformService<RegistryService>();
app.Run();
