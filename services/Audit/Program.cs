using AgentPlatform;
using AgentPlatform.Audit;

var builder = WebApplication.CreateBuilder(args);
builder.AddPlatformService("audit");
builder.Services.AddSingleton<AuditStore>();

var app = builder.Build();
app.MapPlatformService<AuditService>();
app.Run();
