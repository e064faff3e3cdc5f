using Grpc.AspNetCore.Server;

namespace AgentPlatform.Sessions;

/// <summary>Wires notices and webhooks.</summary>
public static class NotificationExtensions
{
    /// <summary>The interceptor that fills in secrets. Call it before all else: it stands around the others.</summary>
    public static void AddWebhookSecrets(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton(WebhookSettings.Read(builder.Configuration));
        builder.Services.AddSingleton<WebhookKeys>();
        builder.Services.AddSingleton<WebhookSecretInterceptor>();
        builder.Services.Configure<GrpcServiceOptions>(options => options.Interceptors.Add<WebhookSecretInterceptor>());
    }

    public static void AddNotifications(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<NoticeStore>();
        builder.Services.AddSingleton<Notices>();
        builder.Services.AddSingleton<WebhookStore>();
        builder.Services.AddSingleton<DeliveryStore>();
        builder.Services.AddSingleton<TargetPolicy>();
        builder.Services.AddSingleton<TargetConnector>();
        builder.Services.AddSingleton<WebhookSender>();
        builder.Services.AddSingleton<WebhookMetrics>();
        builder.Services.AddHostedService<NoticeFanOut>();
        builder.Services.AddHostedService<WebhookDeliverer>();
        builder.Services.AddHostedService<WebhookSweeper>();
    }
}
