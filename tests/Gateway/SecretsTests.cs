using System.Text;
using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;

namespace AgentPlatform.Tests.Gateways;

/// <summary>Whoever may read logs must not learn by them how to be somebody else.</summary>
public sealed class SecretsTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task No_token_key_or_password_is_in_any_log_of_any_service()
    {
        platform.Logs = new LogBook();
        platform.Settings["session"] = new() { ["Webhooks:AllowPrivateTargets"] = "true" };
        var address = (await platform.StartAsync("gateway")).GrpcAddress;
        string[] tokens = [Tokens.Operator(), Tokens.Superuser(), Tokens.Auditor(), Tokens.Agent("quiet"), .. new[] { "session", "registry", "costing", "vault" }.Select(Tokens.Service)];

        // A little of everything, also of what is refused, in every service.
        var sessions = platform.Client<SessionService.SessionServiceClient>(address, tokens[0]);
        var session = (await sessions.CreateSessionAsync(new CreateSessionRequest { Role = "finance" }, new Metadata { { IdempotencyInterceptor.KeyHeader, "quiet" } })).Session;
        await Refusal.ExpectFieldsAsync(async () => await sessions.GetSessionAsync(new GetSessionRequest { Id = "no-uuid" }), "id");
        var webhooks = platform.Client<WebhookService.WebhookServiceClient>(address, tokens[0]);
        var webhook = await webhooks.CreateWebhookAsync(new CreateWebhookRequest { Url = "https://127.0.0.1:9/hook", EventTypes = { AgentPlatform.Sessions.NoticeTypes.SessionEnded } });
        var rotated = await webhooks.RotateWebhookSecretAsync(new RotateWebhookSecretRequest { Id = webhook.Webhook.Id });
        await webhooks.SendTestNotificationAsync(new SendTestNotificationRequest { WebhookId = webhook.Webhook.Id });
        await platform.Client<RegistryService.RegistryServiceClient>(address, tokens[3]).RegisterAgentAsync(new RegisterAgentRequest { Platform = Contracts.Registry.V1.Platform.Linux, Version = "1.0.0" });
        await platform.Client<PriceService.PriceServiceClient>(address, tokens[1]).ListPricesAsync(new ListPricesRequest());
        await Assert.ThrowsAsync<RpcException>(async () => await platform.Client<PriceService.PriceServiceClient>(address, tokens[2]).SetPriceAsync(new SetPriceRequest()));
        await platform.Client<VaultService.VaultServiceClient>(address, tokens[1]).ListFilesAsync(new ListFilesRequest());
        await platform.AuditOfAsync($"session/{session.Id}");
        var broken = $"{tokens[0]}x";
        await Refusal.ExpectAsync(StatusCode.Unauthenticated, "TOKEN_NOT_TRUSTED", async () => await platform.Client<AuditService.AuditServiceClient>(address, broken).ListEntriesAsync(new ListEntriesRequest()));
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{(await platform.StartAsync("gateway")).HttpAddress}/v1/sessions?page_size=1") { Headers = { { "authorization", $"Bearer {tokens[0]}" } } };
        using var answer = await http.SendAsync(request, TestContext.Current.CancellationToken);

        var secrets = tokens.Append(broken).Select(t => t.Split('.')[2]).ToHashSet();
        secrets.UnionWith([webhook.Secret, rotated.Secret, TestServers.LoginPassword]);
        foreach (var file in new[] { "signing.pem", "webhooks.key" })
            secrets.UnionWith((await File.ReadAllLinesAsync(Path.Combine(platform.AuditFolder, file), TestContext.Current.CancellationToken)).Where(l => l.Length > 20 && !l.StartsWith('-')));
        Assert.DoesNotContain(secrets, string.IsNullOrEmpty);

        var lines = platform.Logs.Lines.ToList();
        foreach (var category in new[] { "Yarp.", "Grpc.AspNetCore.Server", "Microsoft.AspNetCore.Hosting", "Npgsql" })
            Assert.Contains(lines, l => l.StartsWith(category, StringComparison.Ordinal));
        Assert.Empty(lines.Where(l => secrets.Any(s => l.Contains(s, StringComparison.Ordinal))).Select(l => new StringBuilder(l, 0, Math.Min(l.Length, 400), 400).ToString()));
    }
}
