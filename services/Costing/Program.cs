using AgentPlatform;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Contracts.Vault.V1;
using AgentPlatform.Costings;

var builder = WebApplication.CreateBuilder(args);
builder.AddPlatformService("costing").AddAuditRelay();
builder.AddPlatformClient<SessionService.SessionServiceClient>("session");
builder.AddPlatformClient<TableService.TableServiceClient>("vault");
builder.Services.AddSingleton(CostingSettings.Read(builder.Configuration));
builder.Services.AddSingleton<OrganisationCalendar>();
builder.Services.AddSingleton<PriceStore>();
builder.Services.AddSingleton<PriceListStore>();
builder.Services.AddTransient<PriceFileReader>();
builder.Services.AddSingleton<CostingStore>();
builder.Services.AddSingleton<CostingExplainer>();
builder.Services.AddSingleton<StreamGate>();
builder.Services.AddSingleton<Follower>();
builder.Services.AddSingleton(new ConstraintErrors { ["booking_costing_one_pending"] = CostingRules.AlreadyPending });
builder.AddSpending();

var app = builder.Build();
app.MapGrpcService<PriceService>();
app.MapGrpcService<PriceListService>();
app.MapSpending();
app.MapPlatformService<CostingService>();
app.Run();
