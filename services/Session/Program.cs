using AgentPlatform;
using AgentPlatform.Sessions;

var builder = WebApplication.CreateBuilder(args);
builder.AddWebhookSecrets();
builder.AddPlatformService("session").AddAuditRelay();
builder.Services.AddSingleton(SessionSettings.Read(builder.Configuration));
builder.Services.AddSingleton<SessionStore>();
builder.Services.AddSingleton<EventStore>();
builder.Services.AddSingleton<ContextStore>();
builder.Services.AddSingleton<SessionWatch>();
builder.Services.AddSingleton<StreamGate>();
builder.Services.AddSingleton(builder.Configuration.GetSection("Approvals").Get<ApprovalSettings>() ?? new ApprovalSettings());
builder.Services.AddSingleton<ApprovalStore>();
builder.Services.AddSingleton<Follower>();
builder.Services.AddSingleton(builder.Configuration.GetSection("Tasks").Get<TaskSettings>() ?? new TaskSettings());
builder.Services.AddSingleton<TaskStore>();
builder.AddNotifications();
builder.Services.AddHostedService<ApprovalExpiry>();
builder.Services.AddHostedService<SessionSweeper>();
builder.Services.AddHostedService<TaskSweeper>();

var app = builder.Build();
app.MapGrpcService<ApprovalService>();
app.MapGrpcService<TaskService>();
app.MapGrpcService<StatusService>();
app.MapGrpcService<WebhookService>();
app.MapPlatformService<SessionService>();
app.Run();
