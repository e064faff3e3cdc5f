using AgentPlatform;
using AgentPlatform.Gateway;

Buffers.Keep();
var builder = WebApplication.CreateBuilder(args);
builder.AddGatewayLimits();
builder.AddServiceDefaults();
builder.AddRateLimit();
builder.AddCors();
builder.AddServiceRoutes();
builder.AddServiceHealth();
builder.AddOpenApi();
builder.AddMcp();

builder.Services.AddSingleton<RestRules>();
builder.Services.AddSingleton<AgentCertificates>();
builder.Services.AddSingleton<EdgeGate>();

var app = builder.Build();
app.MapServiceDefaults();
app.UseMiddleware<SecurityHeaders>();
app.UseCors();
app.UseMiddleware<LoadMiddleware>();
app.UseMiddleware<RestMiddleware>();
app.UseMiddleware<McpMiddleware>();
// After them: the routes are those of gRPC.
app.UseRouting();
app.MapOpenApi();
app.MapServiceRoutes();
app.Run();
