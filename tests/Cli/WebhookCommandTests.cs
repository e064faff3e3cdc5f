using System.Text.Json;
using AgentPlatform.Cli;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Sessions;
using AgentPlatform.Tests.Sessions;
using Webhooks = AgentPlatform.Contracts.Session.V1.WebhookService.WebhookServiceClient;

namespace AgentPlatform.Tests.Commands;

/// <summary><c>agentctl webhook …</c> as processes, through a gateway.</summary>
public sealed class WebhookCommandTests : IClassFixture<Platform>, IAsyncLifetime
{
    private readonly Platform _platform;
    private readonly Agentctl _agentctl = new();

    public WebhookCommandTests(Platform platform) => (_platform = platform).Settings["session"] = WebhookCalls.Settings;

    public async ValueTask InitializeAsync()
    {
        var gateway = await _platform.StartAsync("gateway");
        _agentctl.WriteRunNote(gateway: gateway.GrpcAddress);
        Tokens.Key.Save(_agentctl.PathOf("development-key.pem"));
    }

    public ValueTask DisposeAsync()
    {
        _agentctl.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_webhook_is_created_tried_rotated_switched_and_deleted()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var created = await RunAsync("create", receiver.Url, "--event", NoticeTypes.SessionEnded, NoticeTypes.TaskEnded, "--role", "finance", "--json");
        using var json = JsonDocument.Parse(created);
        var (id, secret) = (json.RootElement.GetProperty("webhook").GetProperty("id").GetString()!, json.RootElement.GetProperty("secret").GetString()!);
        var shown = await RunAsync("show", id);
        Assert.All(new[] { receiver.Url, "finance", NoticeTypes.TaskEnded, "on" }, t => Assert.Contains(t, shown, StringComparison.Ordinal));
        Assert.DoesNotContain(secret, shown + await RunAsync("list") + await RunAsync("show", id, "--json"), StringComparison.Ordinal);

        Assert.Contains("delivered", await RunAsync("test", id), StringComparison.Ordinal);
        Assert.True(Assert.Single(receiver.Received).IsSignedBy(secret));
        var rotated = (await RunAsync("rotate", id)).Split('\n').Single(l => l.StartsWith("Secret: ", StringComparison.Ordinal))["Secret: ".Length..].Trim();
        await RunAsync("test", id);
        Assert.True(receiver.Received[1].IsSignedBy(rotated) && receiver.Received[1].IsSignedBy(secret));

        Assert.Contains("is off", await RunAsync("disable", id), StringComparison.Ordinal);
        Assert.Contains("WEBHOOK_DISABLED", (await FailAsync("test", id)).Errors, StringComparison.Ordinal);
        Assert.Contains("is on", await RunAsync("enable", id), StringComparison.Ordinal);
        Assert.Contains("--yes", (await FailAsync("delete", id)).Errors, StringComparison.Ordinal);
        Assert.Contains("is deleted", await RunAsync("delete", id, "--yes"), StringComparison.Ordinal);
        Assert.Contains("WEBHOOK_NOT_FOUND", (await FailAsync("show", id)).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_failed_is_listed_shown_and_replayed()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = context => WebhookReceiver.Status(context, 418);
        var hooks = await _platform.ClientAsync<Webhooks>(Tokens.Operator());
        var id = (await hooks.SubscribeAsync(receiver.Url, NoticeTypes.SessionEnded)).Webhook.Id;
        Assert.Contains("answered 418", (await FailAsync("test", id)).Output, StringComparison.Ordinal);
        var delivery = Assert.Single(await hooks.DeliveriesAsync(id)).Id;
        _platform.Clock.Advance(TimeSpan.FromHours(25));
        await hooks.WaitAsync(delivery, DeliveryStatus.Dead);

        Assert.Contains(delivery, await RunAsync("deliveries", "--webhook", id, "--status", "dead"), StringComparison.Ordinal);
        var shown = await RunAsync("show", "--delivery", delivery);
        Assert.All(new[] { "webhook.test", "418", "dead", receiver.Received[0].Id }, t => Assert.Contains(t, shown, StringComparison.Ordinal));
        receiver.Answer = context => WebhookReceiver.Status(context, 200);
        Assert.Contains("1 dead letters are queued", await RunAsync("replay", "--dead", id), StringComparison.Ordinal);
        await hooks.WaitAsync(delivery, DeliveryStatus.Delivered);
        Assert.Contains("is queued", await RunAsync("replay", delivery), StringComparison.Ordinal);
        await hooks.WaitForAttemptsAsync(delivery, 4);
        using var json = JsonDocument.Parse(await RunAsync("deliveries", "--webhook", id, "--json"));
        Assert.Equal(delivery, json.RootElement.GetProperty("id").GetString());
    }

    [Theory]
    [InlineData("webhook create https://hooks.example.com/")]
    [InlineData("webhook create --event session.ended")]
    [InlineData("webhook deliveries --status lost")]
    [InlineData("webhook replay")]
    public async Task Wrong_usage_is_code_2(string commandLine) =>
        Assert.Equal(ExitCode.WrongUsage, (await _agentctl.RunAsync(commandLine.Split(' '))).ExitCode);

    private async Task<string> RunAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await _agentctl.RunAsync(["webhook", .. arguments]);
        Assert.True(exitCode == ExitCode.Ok, errors + output);
        return output;
    }

    private async Task<(string Output, string Errors)> FailAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await _agentctl.RunAsync(["webhook", .. arguments]);
        Assert.Equal(ExitCode.Failed, exitCode);
        return (output, errors);
    }
}
