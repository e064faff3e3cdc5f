using AgentPlatform;
using AgentPlatform.Audit;
using AgentPlatform.Audit.Redaction;

var builder = WebApplication.CreateBuilder(args);
builder.AddPlatformService("audit");
builder.Services.AddSingleton(AuditSettings.Read(builder.Configuration));
builder.Services.AddSingleton(new Redactor(builder.Configuration.GetSection("Audit:Redaction").Get<RedactionSettings>() ?? new RedactionSettings()));
// Another place is no anchor, and a POST that is sent on arrives there as a GET.
builder.Services.AddHttpClient(nameof(Anchor)).ConfigurePrimaryHttpMessageHandler(() => new SocketsHttpHandler { AllowAutoRedirect = false });
builder.Services.AddSingleton<SigningKeys>();
builder.Services.AddSingleton<WriterSource>();
builder.Services.AddSingleton<AppendQueue>();
builder.Services.AddSingleton<ShardStore>();
builder.Services.AddSingleton<ShardCheck>();
builder.Services.AddSingleton<Anchor>();
builder.Services.AddSingleton<AuditStore>();
builder.Services.AddSingleton<MessageStore>();
builder.Services.AddSingleton<ChainReader>();
builder.Services.AddSingleton<ChainVerifier>();
builder.Services.AddSingleton<TailReader>();
builder.Services.AddSingleton<ExportWriter>();
builder.Services.AddSingleton<ReadAudit>();
// They stop in the opposite order: the outbox first, which still needs the writer, then the writer, which still needs the anchor.
builder.Services.AddHostedService(services => services.GetRequiredService<Anchor>());
builder.Services.AddHostedService<ChainWriter>();
builder.Services.AddHostedService<OwnOutbox>();

var app = builder.Build();
app.Services.GetRequiredService<SigningKeys>();
app.MapPlatformService<AuditService>();
app.Run();
