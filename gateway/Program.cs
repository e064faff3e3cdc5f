using AgentPlatform;
using AgentPlatform.Gateway;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddGatewayLimits();
builder.AddRateLimit();
builder.AddServiceRoutes();
builder.AddServiceHealth();
builder.AddOpenApi();

builder.Services.AddSingleton<RestRules>();

var app = builder.Build();
app.MapServiceDefaults();
app.UseMiddleware<RestMiddleware>();
// After it: the routes are those of gRPC.
app.UseRouting();
app.MapOpenApi();
app.MapServiceRoutes();
app.Run();
