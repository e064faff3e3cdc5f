using AgentPlatform;
using AgentPlatform.Sessions;

var builder = WebApplication.CreateBuilder(args);
builder.AddPlatformService("session").AddAuditRelay();
builder.Services.AddSingleton<SessionStore>();
builder.Services.AddSingleton<NotificationQueue>();

var app = builder.Build();
app.MapPlatformService<SessionService>();
app.Run();
