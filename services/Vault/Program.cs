using AgentPlatform;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Vault;
using AgentPlatform.Vault.Forms;
using AgentPlatform.Vault.Tables;

var builder = WebApplication.CreateBuilder(args);

// Before all else: with a root that could leak, nothing of the service comes up.
var settings = builder.Configuration.GetSection("Vault").Get<VaultSettings>() ?? new VaultSettings();
try
{
    builder.Services.AddSingleton(VaultRoot.Open(settings.Root, settings.AllowHardLinks));
}
catch (VaultRootException e)
{
    await Console.Error.WriteLineAsync($"vault: {e.Message}");
    return 1;
}

builder.Services.AddSingleton(settings);
builder.Services.AddSingleton<VaultAccessStore>();
builder.Services.AddSingleton<FileApprovals>();
builder.Services.AddSingleton<GuardedFiles>();
builder.Services.AddSingleton<StreamGate>();
builder.Services.AddSingleton<TableGate>();
builder.Services.AddSingleton<FormStore>();
builder.AddPlatformService("vault").AddAuditRelay();
builder.AddPlatformClient<ApprovalService.ApprovalServiceClient>("session");

var app = builder.Build();
app.MapGrpcService<VaultAccessService>();
app.MapGrpcService<TableService>();
app.MapGrpcService<FormService>();
app.MapPlatformService<VaultService>();
app.Run();
return 0;
