using System.Net;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Sessions;
using Microsoft.AspNetCore.Http;
using Client = AgentPlatform.Contracts.Session.V1.WebhookService.WebhookServiceClient;

namespace AgentPlatform.Tests.Sessions;

/// <summary>Receivers that are not what they should be, and places that messages must not go to.</summary>
public sealed class WebhookTargetTests : IClassFixture<Platform>
{
    private readonly TestServers _servers;
    private readonly Platform _platform;

    public WebhookTargetTests(TestServers servers, Platform platform)
    {
        (_servers, _platform) = (servers, platform);
        platform.Settings["session"] = new(WebhookCalls.Settings) { ["Webhooks:Timeout"] = "00:00:02" };
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var elsewhere = await WebhookReceiver.StartAsync();
        await using var receiver = await WebhookReceiver.StartAsync();
        foreach (var status in new[] { 301, 302, 307, 308 })
        {
            receiver.Answer = context =>
            {
                context.Response.Headers.Location = elsewhere.Url;
                return WebhookReceiver.Status(context, status);
            };
            var attempt = await FirstAttemptAsync(receiver.Url);
            Assert.Equal((status, $"answered {status}; redirects are not followed"), (attempt.StatusCode, attempt.Error));
        }
        Assert.Empty(elsewhere.Received);
    }

    [Fact]
    public async Task A_body_that_never_ends_is_left_where_it_is()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var written = 0L;
        var cut = new TaskCompletionSource();
        receiver.Answer = async context =>
        {
            var piece = new byte[4_096];
            Array.Fill(piece, (byte)'x');
            try
            {
                while (true)
                {
                    await context.Response.Body.WriteAsync(piece, context.RequestAborted);
                    Interlocked.Add(ref written, piece.Length);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or IOException) { cut.TrySetResult(); }
        };
        var attempt = await FirstAttemptAsync(receiver.Url);
        Assert.Equal((200, "", new string('x', 1_000)), (attempt.StatusCode, attempt.Error, attempt.Answer));
        await Eventually.TrueAsync(() => Task.FromResult(cut.Task.IsCompleted), $"the connection is closed, after {Interlocked.Read(ref written)} bytes");
    }

    [Fact]
    public async Task A_receiver_that_does_not_answer_in_time_or_answers_nonsense_has_failed()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var never = new TaskCompletionSource();
        receiver.Answer = context => never.Task.WaitAsync(context.RequestAborted);
        var attempt = await FirstAttemptAsync(receiver.Url);
        Assert.Equal((0, "no answer within 2 s"), (attempt.StatusCode, attempt.Error));

        receiver.Answer = context =>
        {
            for (var i = 0; i < 30; i++)
                context.Response.Headers[$"x-long-{i}"] = new string('h', 1_024);
            return Task.CompletedTask;
        };
        Assert.Contains("headers", (await FirstAttemptAsync(receiver.Url)).Error, StringComparison.OrdinalIgnoreCase);

        receiver.Answer = context =>
        {
            context.Abort();
            return Task.CompletedTask;
        };
        Assert.NotEmpty((await FirstAttemptAsync(receiver.Url)).Error);
        never.SetResult();
    }

    [Fact]
    public async Task Where_nobody_listens_or_no_such_host_is_the_error_says_so()
    {
        string url;
        await using (var gone = await WebhookReceiver.StartAsync())
            url = gone.Url;
        Assert.Contains("refused", (await FirstAttemptAsync(url)).Error, StringComparison.OrdinalIgnoreCase);
        Assert.NotEmpty((await FirstAttemptAsync("https://no-such-host.invalid/")).Error);
    }

    [Fact]
    public async Task A_certificate_that_nobody_vouches_for_is_not_believed()
    {
        await using var receiver = await WebhookReceiver.StartAsync(withTls: true);
        Assert.StartsWith("https://", receiver.Url, StringComparison.Ordinal);
        var attempt = await FirstAttemptAsync(receiver.Url);
        Assert.Contains("certificate", attempt.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Empty(receiver.Received);
    }

    [Fact]
    public async Task A_receiver_that_asks_for_time_gets_it()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = context =>
        {
            context.Response.Headers.RetryAfter = "1200";
            return WebhookReceiver.Status(context, 429);
        };
        var hooks = await Webhooks(_platform);
        var delivery = await hooks.TestAsync((await hooks.SubscribeAsync(receiver.Url, NoticeTypes.TaskEnded)).Webhook.Id);
        var seen = await hooks.WaitForAttemptsAsync(delivery.Id, 1);
        var pause = seen.Delivery.NextAttemptTime.ToDateTimeOffset() - seen.Attempts[0].StartTime.ToDateTimeOffset();
        Assert.InRange(pause, TimeSpan.FromSeconds(1_200), TimeSpan.FromSeconds(1_230));
    }

    [Fact]
    public async Task A_private_address_is_not_connected_to_whatever_the_table_says()
    {
        await using var strict = new Platform(_servers) { Settings = { ["session"] = new() { ["Webhooks:AllowHttp"] = "true" } } };
        await strict.InitializeAsync();
        await using var receiver = await WebhookReceiver.StartAsync();
        var hooks = await Webhooks(strict);
        foreach (var url in new[] { receiver.Url, receiver.UrlByName, receiver.Url.Replace("127.0.0.1", "[::ffff:127.0.0.1]", StringComparison.Ordinal) })
        {
            await Refusal.ExpectFieldsAsync(() => hooks.SubscribeAsync(url), "url");
            // As if its name had stood for an open address then, and for this one now.
            var id = (await hooks.SubscribeAsync("https://hooks.example.com/", NoticeTypes.TaskEnded)).Webhook.Id;
            await strict.SqlAsync<int>("UPDATE session.webhooks SET url = $2 WHERE id = $1", Guid.Parse(id), url);
            var seen = await hooks.WaitForAttemptsAsync((await hooks.TestAsync(id)).Id, 1);
            Assert.Contains("private address", seen.Attempts[0].Error, StringComparison.Ordinal);
        }
        Assert.Empty(receiver.Received);
    }

    [Theory]
    [InlineData("8.8.8.8", true)]
    [InlineData("172.15.255.255", true)]
    [InlineData("172.16.0.0", false)]
    [InlineData("172.31.255.255", false)]
    [InlineData("172.32.0.0", true)]
    [InlineData("0.0.0.0", false)]
    [InlineData("10.255.0.1", false)]
    [InlineData("100.63.255.255", true)]
    [InlineData("100.64.0.1", false)]
    [InlineData("100.100.100.200", false)]
    [InlineData("127.8.9.1", false)]
    [InlineData("168.63.129.16", false)]
    [InlineData("169.254.169.254", false)]
    [InlineData("192.0.0.192", false)]
    [InlineData("192.168.1.1", false)]
    [InlineData("198.19.0.1", false)]
    [InlineData("224.0.0.1", false)]
    [InlineData("255.255.255.255", false)]
    [InlineData("::", false)]
    [InlineData("::1", false)]
    [InlineData("::7f00:1", false)]
    [InlineData("::ffff:10.0.0.1", false)]
    [InlineData("::ffff:8.8.8.8", true)]
    [InlineData("2606:4700:4700::1111", true)]
    [InlineData("2001::1", false)]
    [InlineData("2001:db8::1", false)]
    [InlineData("2002:7f00:1::", false)]
    [InlineData("64:ff9b::a00:1", false)]
    [InlineData("64:ff9b:1::1", false)]
    [InlineData("fc00::1", false)]
    [InlineData("fd00:ec2::254", false)]
    [InlineData("fe80::1", false)]
    [InlineData("fec0::1", false)]
    [InlineData("ff02::1", false)]
    public void Only_the_open_internet_is_allowed_unless_a_setting_names_more(string address, bool isOpen)
    {
        var parsed = IPAddress.Parse(address);
        Assert.Equal(isOpen, new TargetPolicy(new WebhookSettings()).Allows(parsed));
        Assert.Equal(isOpen, new TargetPolicy(new WebhookSettings { AllowPrivateTargets = "false" }).Allows(parsed));
        Assert.True(new TargetPolicy(new WebhookSettings { AllowPrivateTargets = "true" }).Allows(parsed));
        Assert.Equal(isOpen || address is "10.255.0.1" or "::ffff:10.0.0.1" or "fd00:ec2::254",
            new TargetPolicy(new WebhookSettings { AllowPrivateTargets = "10.0.0.0/8, fd00::/8" }).Allows(parsed));
    }

    [Fact]
    public void A_setting_that_is_no_network_stops_the_start() =>
        Assert.Throws<InvalidOperationException>(() => new TargetPolicy(new WebhookSettings { AllowPrivateTargets = "10.0.0.0/8, intranet" }));

    [Fact]
    public void Pauses_double_within_bounds_and_end_with_the_time()
    {
        var (queued, day) = (TimeProvider.System.GetUtcNow(), TimeSpan.FromHours(24));
        foreach (var random in new[] { 0.0, 0.5, 1.0 })
        {
            var attempts = new List<DateTimeOffset> { queued };
            while (RetryRules.Next(queued, attempts[^1], day, null, random) is { } next)
            {
                Assert.InRange(next - attempts[^1], attempts.Count > 1 && next == queued + day ? TimeSpan.Zero : TimeSpan.FromSeconds(4), TimeSpan.FromHours(3.6));
                attempts.Add(next);
            }
            Assert.Equal(queued + day, attempts[^1]);
            Assert.InRange(attempts.Count, 18, 25);
        }
        Assert.Equal(queued.AddHours(3), RetryRules.Next(queued, queued, day, TimeSpan.FromDays(30), 0));
        Assert.Equal(queued.AddSeconds(5), RetryRules.Next(queued, queued, day, TimeSpan.FromSeconds(-30), 0.5));
        Assert.Null(RetryRules.Next(queued, queued, TimeSpan.Zero, null, 0.5));
    }

    private async Task<DeliveryAttempt> FirstAttemptAsync(string url)
    {
        var hooks = await Webhooks(_platform);
        var delivery = await hooks.TestAsync((await hooks.SubscribeAsync(url, NoticeTypes.TaskEnded)).Webhook.Id);
        return (await hooks.WaitForAttemptsAsync(delivery.Id, 1)).Attempts[^1];
    }

    private static Task<Client> Webhooks(Platform platform) => platform.ClientAsync<Client>(Tokens.Operator());
}
