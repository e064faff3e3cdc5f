using AgentPlatform;
using AgentPlatform.Gateway;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults();
builder.AddGatewayLimits();
builder.AddServiceRoutes();
builder.AddServiceHealth();

var app = builder.Build();
app.MapServiceDefaults();
app.MapServiceRoutes();
app.Run();
