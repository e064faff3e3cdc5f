using System.Security.Cryptography;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Sessions;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;
using Client = AgentPlatform.Contracts.Session.V1.WebhookService.WebhookServiceClient;

namespace AgentPlatform.Tests.Sessions;

/// <summary>The key file: how a key is replaced, and what is no key.</summary>
public sealed class WebhookKeyTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public WebhookKeyTests(Platform platform) => (_platform = platform).Settings["session"] = WebhookCalls.Settings;

    private string KeyFile => Path.Combine(_platform.AuditFolder, "webhooks.key");

    [Fact]
    public async Task A_key_is_replaced_without_a_message_that_its_receiver_cannot_check()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var first = await (await Webhooks()).SubscribeAsync(receiver.Url, NoticeTypes.TaskEnded);
        var id = first.Webhook.Id;
        var oldKey = (await File.ReadAllTextAsync(KeyFile)).Trim();
        if (!OperatingSystem.IsWindows())
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(KeyFile));

        // The new key goes first; what was made from the old one is as before.
        var newKey = NewKey();
        await RestartWithAsync(newKey, oldKey);
        Assert.True((await NextAsync(receiver, id)).IsSignedBy(first.Secret));
        var second = await (await Webhooks()).RotateWebhookSecretAsync(new RotateWebhookSecretRequest { Id = id });
        Assert.NotEqual(first.Secret, second.Secret);
        var both = await NextAsync(receiver, id);
        Assert.True(both.IsSignedBy(first.Secret) && both.IsSignedBy(second.Secret));

        // Without the old one only what was rotated is signed.
        await RestartWithAsync(newKey);
        var one = await NextAsync(receiver, id);
        Assert.Equal((1, true), (one.Signatures, one.IsSignedBy(second.Secret)));
        await RestartWithAsync(NewKey());
        var hooks = await Webhooks();
        var lost = await hooks.WaitForAttemptsAsync((await hooks.TestAsync(id)).Id, 1);
        Assert.Contains("Webhooks:KeyFile", lost.Attempts[0].Error, StringComparison.Ordinal);
        Assert.Equal(3, receiver.Received.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n \n")]
    [InlineData("not base64!")]
    [InlineData("dG9vIHNob3J0")]
    public async Task A_file_without_a_key_stops_the_start(string text)
    {
        var path = Path.GetTempFileName();
        await File.WriteAllTextAsync(path, text);
        var environment = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = Environments.Development }).Environment;
        Assert.Throws<InvalidOperationException>(() => new WebhookKeys(new WebhookSettings { KeyFile = path }, environment));
        File.Delete(path);
    }

    [Fact]
    public void Outside_development_no_key_is_made_up()
    {
        var environment = WebApplication.CreateSlimBuilder(new WebApplicationOptions { EnvironmentName = Environments.Production }).Environment;
        var missing = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString("N"));
        Assert.Throws<FileNotFoundException>(() => new WebhookKeys(new WebhookSettings { KeyFile = missing }, environment));
        Assert.False(File.Exists(missing));
    }

    private async Task RestartWithAsync(params string[] keys)
    {
        await _platform.StopAsync("session");
        await File.WriteAllLinesAsync(KeyFile, keys);
    }

    private async Task<WebhookMessage> NextAsync(WebhookReceiver receiver, string id)
    {
        var count = receiver.Received.Count;
        await (await Webhooks()).TestAsync(id);
        return (await receiver.WaitAsync(NoticeTypes.Test, count + 1))[^1];
    }

    private Task<Client> Webhooks() => _platform.ClientAsync<Client>(Tokens.Operator());

    private static string NewKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
}
