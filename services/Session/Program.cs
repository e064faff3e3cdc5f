using AgentPlatform;
using AgentPlatform.Sessions;

var builder = WebApplication.CreateBuilder(args);
builder.AddPlatformService("session").AddAuditRelay();
builder.Services.AddSingleton(SessionSettings.Read(builder.Configuration));
builder.Services.AddSingleton<SessionStore>();
builder.Services.AddSingleton<EventStore>();
builder.Services.AddSingleton<ContextStore>();
builder.Services.AddSingleton<SessionWatch>();
builder.Services.AddSingleton<NotificationQueue>();
builder.Services.AddHostedService<SessionSweeper>();

var app = builder.Build();
app.MapPlatformService<SessionService>();
app.Run();
