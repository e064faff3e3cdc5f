using AgentPlatform.AppHost;

var settings = Settings.Read(args);
using var data = DataFolder.Open(settings);
var builder = DistributedApplication.CreateBuilder(args);
builder.Configuration["LogFolder"] = data.Logs; // for a host that keeps log files; Aspire itself shows them in its dashboard
Loopback.RequireFree(settings, builder.Configuration);

string[] names = ["audit", "session", "registry", "costing", "vault"];
var identity = DevelopmentIdentity.Create(data);
var logins = names.ToDictionary(name => name, _ => Secret.New());
var certificates = settings.Tls ? DevelopmentCertificates.Create(data) : null;
var servers = await Servers.AddAsync(builder, settings, data);

var migrator = builder.AddProject<Projects.Migrator>("migrator", launchProfileName: null)
    .WithReference(servers.Database, connectionName: "agentplatform")
    .WaitFor(servers.Database);
foreach (var (name, password) in logins)
{
    migrator.WithEnvironment($"Logins__{name}", password);
}

var audit = Service<Projects.Audit>("audit").WithEnvironment("Audit__SigningKey", Path.Combine(data.Audit, "signing.pem"));
var session = Service<Projects.Session>("session").WithReference(audit).WithEnvironment("Webhooks__KeyFile", data.WebhookKey);
var registry = Service<Projects.Registry>("registry").WithReference(audit).WithReference(session);
var vault = Service<Projects.Vault>("vault").WithReference(audit).WithReference(session).WithEnvironment("Vault__Root", settings.Vault);
var costing = Service<Projects.Costing>("costing").WithReference(audit).WithReference(session).WithReference(vault);

var gateway = builder.AddProject<Projects.Gateway>("gateway", launchProfileName: null)
    .WithHttpEndpoint(port: settings.GatewayPort, name: "grpc", env: "GRPC_PORT", isProxied: false)
    .WithHttpEndpoint(port: settings.HttpPort, name: "http", env: "HTTP_PORT", isProxied: false)
    .WithHttpHealthCheck("/health", endpointName: "http")
    .WithEnvironment("Authentication__DevelopmentKey", identity.PublicKey)
    .WithReference(servers.Redis, connectionName: "redis")
    .WaitFor(servers.Redis)
    .WithReference(audit).WaitFor(audit)
    .WithReference(session).WaitFor(session)
    .WithReference(registry).WaitFor(registry)
    .WithReference(costing).WaitFor(costing)
    .WithReference(vault).WaitFor(vault);

if (certificates is not null)
{
    gateway.WithEnvironment("Tls__CertificatePath", certificates.Certificate)
        .WithEnvironment("Tls__KeyPath", certificates.Key)
        .WithEnvironment("Tls__ClientAuthoritiesPath", certificates.Authority);
}

using var note = RunNote.Write(data, settings, builder.Configuration, servers, certificates);
builder.Build().Run();

// Every service has a login role, a token and a gRPC port of its own; /health answers on a second port, by HTTP/1.1.
IResourceBuilder<ProjectResource> Service<TProject>(string name) where TProject : IProjectMetadata, new() => builder
    .AddProject<TProject>(name, launchProfileName: null)
    .WithHttpEndpoint(name: "grpc", env: "GRPC_PORT")
    .WithHttpEndpoint(name: "http", env: "HTTP_PORT")
    .WithHttpHealthCheck("/health", endpointName: "http")
    .WithEnvironment("ConnectionStrings__agentplatform", servers.ConnectionString(name, logins[name]))
    .WithEnvironment("Authentication__DevelopmentKey", identity.PublicKey)
    .WithEnvironment("Identity__Token", identity.TokenFor(name))
    .WithReference(servers.Redis, connectionName: "redis")
    .WaitFor(servers.Redis)
    .WaitForCompletion(migrator);
