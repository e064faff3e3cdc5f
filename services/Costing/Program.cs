using AgentPlatform;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Costings;

var builder = WebApplication.CreateBuilder(args);
builder.AddPlatformService("costing").AddAuditRelay();
builder.AddPlatformClient<SessionService.SessionServiceClient>("session");
builder.Services.AddSingleton<PriceStore>();
builder.Services.AddSingleton<CostingStore>();
builder.Services.AddSingleton(new ConstraintErrors { ["booking_costing_one_pending"] = CostingRules.AlreadyPending });

var app = builder.Build();
app.MapPlatformService<CostingService>();
app.Run();
