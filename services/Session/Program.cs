using AgentPlatform;
using AgentPlatform.Sessions;

var builder = WebApplication.CreateBuilder(args);
builder.AddPlatformService("session").AddAuditRelay();
builder.Services.AddSingleton<SessionStore>();

var app = builder.Build();
app.MapPlatformService<SessionService>();
app.Run();
