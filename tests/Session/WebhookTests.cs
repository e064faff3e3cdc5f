using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Sessions;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.WebhookService.WebhookServiceClient;
using SessionClient = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Sessions;

/// <summary>Subscriptions: what they may be, and that their secrets are nowhere. No setting allows anything out of the way here.</summary>
public sealed class WebhookTests(TestServers servers, Platform platform) : IClassFixture<Platform>
{
    private const string Url = "https://hooks.example.com/in?token=t0ken";

    [Fact]
    public async Task A_webhook_is_created_read_listed_changed_and_removed_and_every_step_is_on_the_audit_log()
    {
        var person = await As(Tokens.Operator("olga"));
        var created = await person.CreateWebhookAsync(new CreateWebhookRequest
        {
            Url = Url,
            EventTypes = { NoticeTypes.TaskEnded, NoticeTypes.SessionEnded, NoticeTypes.TaskEnded },
            Role = "finance",
            Description = "Tells the ledger",
        });
        var webhook = created.Webhook;
        Assert.Equal((Url, "finance", "Tells the ledger", true, "user:olga", 1L, 1),
            (webhook.Url, webhook.Role, webhook.Description, webhook.Enabled, webhook.CreatedBy, webhook.Version, webhook.SecretGeneration));
        Assert.Equal([NoticeTypes.SessionEnded, NoticeTypes.TaskEnded], webhook.EventTypes);
        Assert.Equal(32, Convert.FromBase64String(created.Secret["whsec_".Length..]).Length);
        Assert.Equal(webhook, await person.ReadAsync(webhook.Id));
        Assert.Contains(webhook, (await (await As(Tokens.Auditor())).ListWebhooksAsync(new ListWebhooksRequest())).Webhooks);

        var changed = (await person.UpdateWebhookAsync(new UpdateWebhookRequest { Id = webhook.Id, Version = 1, UpdateMask = Mask("enabled", "role"), Url = "ignored" })).Webhook;
        Assert.Equal((false, DisabledReason.ByPerson, "", Url, 2L), (changed.Enabled, changed.DisabledReason, changed.Role, changed.Url, changed.Version));
        await Refusal.ExpectAsync(StatusCode.Aborted, "CONCURRENT_UPDATE",
            async () => await person.UpdateWebhookAsync(new UpdateWebhookRequest { Id = webhook.Id, Version = 1, UpdateMask = Mask("description") }));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "WEBHOOK_DISABLED", async () => await person.TestAsync(webhook.Id));
        changed = (await person.UpdateWebhookAsync(new UpdateWebhookRequest { Id = webhook.Id, UpdateMask = Mask("enabled"), Enabled = true })).Webhook;
        Assert.Equal((true, DisabledReason.Unspecified), (changed.Enabled, changed.DisabledReason));

        await person.DeleteWebhookAsync(new DeleteWebhookRequest { Id = webhook.Id });
        foreach (var call in new Func<Task>[]
        {
            () => person.ReadAsync(webhook.Id),
            async () => await person.DeleteWebhookAsync(new DeleteWebhookRequest { Id = webhook.Id }),
            async () => await person.UpdateWebhookAsync(new UpdateWebhookRequest { Id = webhook.Id, UpdateMask = Mask("enabled"), Enabled = true }),
            async () => await person.RotateWebhookSecretAsync(new RotateWebhookSecretRequest { Id = webhook.Id }),
            async () => await person.ReplayDeadLettersAsync(new ReplayDeadLettersRequest { WebhookId = webhook.Id }),
            () => person.TestAsync(webhook.Id),
        })
            await Refusal.ExpectAsync(StatusCode.NotFound, "WEBHOOK_NOT_FOUND", call);

        var entries = await platform.AuditOfAsync($"webhook/{webhook.Id}", 4);
        Assert.Equal(["webhook.create", "webhook.update", "webhook.update", "webhook.delete"], entries.Select(e => e.Operation));
        Assert.Equal("hooks.example.com", entries[0].Metadata.Fields["host"].StringValue);
        Assert.DoesNotContain(entries, e => e.ToString().Contains("t0ken", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_secret_is_answered_once_and_to_repeats_and_is_nowhere_in_the_database()
    {
        var person = await As(Tokens.Operator());
        var request = new CreateWebhookRequest { Url = Url, EventTypes = { NoticeTypes.All } };
        var created = await person.CreateWebhookAsync(request, Key());
        var id = new RotateWebhookSecretRequest { Id = created.Webhook.Id };
        var rotated = await person.RotateWebhookSecretAsync(id, Key());
        Assert.Equal(2, rotated.Webhook.SecretGeneration);
        Assert.NotEqual(created.Secret, rotated.Secret);
        Assert.InRange((rotated.Webhook.PreviousSecretExpireTime - rotated.Webhook.UpdateTime).ToTimeSpan(), TimeSpan.FromHours(23.9), TimeSpan.FromHours(24));
        Assert.Equal(created, await person.CreateWebhookAsync(request, Key()));
        Assert.Equal(rotated, await person.RotateWebhookSecretAsync(id, Key()));
        await platform.FlushRedisAsync();
        Assert.Equal(created, await person.CreateWebhookAsync(request, Key()));

        // Everything that the service has written, as text and as hexadecimal digits.
        var tables = await platform.SqlAsync<string>("SELECT table_name::text FROM information_schema.tables WHERE table_schema = 'session'");
        var all = new List<string>();
        foreach (var table in tables)
            all.AddRange(await platform.SqlAsync<string>($"SELECT t::text FROM session.{table} AS t"));
        Assert.Contains(all, row => row.Contains(created.Webhook.Id, StringComparison.Ordinal));
        foreach (var secret in new[] { created.Secret, rotated.Secret })
        {
            var base64 = secret["whsec_".Length..];
            foreach (var form in new[] { base64, Convert.ToHexStringLower(Convert.FromBase64String(base64)), Convert.ToHexStringLower(System.Text.Encoding.ASCII.GetBytes(base64)) })
                Assert.DoesNotContain(all, row => row.Contains(form, StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("nonsense")]
    [InlineData("/relative")]
    [InlineData("http://hooks.example.com/")]
    [InlineData("ftp://hooks.example.com/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("https://user:word@hooks.example.com/")]
    [InlineData("https://hooks.example.com/#part")]
    [InlineData("https://hooks.example.com:0/")]
    [InlineData("https://hooks.example.com:99999/")]
    [InlineData("https://hooks.exa mple.com/")]
    [InlineData("https://hööks.example.com/")]
    [InlineData("https:\\\\hooks.example.com\\")]
    [InlineData("https:///in")]
    [InlineData("https://localhost/")]
    [InlineData("https://LOCALHOST./")]
    [InlineData("https://redis/")]
    [InlineData("https://db.localhost/")]
    [InlineData("https://printer.local/")]
    [InlineData("https://metadata.google.internal/")]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://127.1/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://0x7f000001/")]
    [InlineData("https://0177.0.0.1/")]
    [InlineData("https://10.1.2.3/")]
    [InlineData("https://169.254.169.254/latest/meta-data")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[::ffff:127.0.0.1]/")]
    [InlineData("https://[fd00:ec2::254]/")]
    [InlineData("https://[64:ff9b::7f00:1]/")]
    public async Task An_address_that_is_none_or_private_is_refused(string url) =>
        await Refusal.ExpectFieldsAsync(async () => await (await As(Tokens.Operator())).SubscribeAsync(url), "url");

    [Fact]
    public async Task Bad_requests_are_refused_with_their_fields()
    {
        var person = await As(Tokens.Superuser());
        async Task CreateAsync(Action<CreateWebhookRequest> spoil)
        {
            var request = new CreateWebhookRequest { Url = Url, EventTypes = { NoticeTypes.TaskEnded } };
            spoil(request);
            await person.CreateWebhookAsync(request);
        }
        await Refusal.ExpectFieldsAsync(async () => await person.CreateWebhookAsync(new CreateWebhookRequest()), "url", "event_types");
        await Refusal.ExpectFieldsAsync(() => CreateAsync(r => r.Url = "https://a.example/" + new string('x', 2_048)), "url");
        await Refusal.ExpectFieldsAsync(() => CreateAsync(r => r.EventTypes.Add("session.begun")), "event_types");
        await Refusal.ExpectFieldsAsync(() => CreateAsync(r => r.EventTypes.Add(NoticeTypes.Test)), "event_types");
        await Refusal.ExpectFieldsAsync(() => CreateAsync(r => r.Role = "Finance!"), "role");
        await Refusal.ExpectFieldsAsync(() => CreateAsync(r => r.Description = new string('x', 501)), "description");
        await Refusal.ExpectFieldsAsync(() => CreateAsync(r => r.Description = "\0"), "description");
        await Refusal.ExpectFieldsAsync(async () => await person.UpdateWebhookAsync(new UpdateWebhookRequest { Id = "x", Version = -1 }), "id", "update_mask", "version");
        await Refusal.ExpectFieldsAsync(async () => await person.UpdateWebhookAsync(new UpdateWebhookRequest
        {
            Id = Guid.CreateVersion7().ToString(),
            UpdateMask = Mask("url", "event_types", "role", "secret_generation"),
            Role = "?",
        }), "update_mask", "url", "event_types", "role");
        await Refusal.ExpectFieldsAsync(async () => await person.ListDeliveriesAsync(new ListDeliveriesRequest { WebhookId = "x", Status = (DeliveryStatus)9 }), "webhook_id", "status");
        await Refusal.ExpectFieldsAsync(() => person.TestAsync("x"), "webhook_id");
        var nobody = Guid.CreateVersion7().ToString();
        await Refusal.ExpectAsync(StatusCode.NotFound, "DELIVERY_NOT_FOUND", () => person.DeliveryAsync(nobody));
        await Refusal.ExpectAsync(StatusCode.NotFound, "DELIVERY_NOT_FOUND", async () => await person.ReplayDeliveryAsync(new ReplayDeliveryRequest { Id = nobody }));
        await Refusal.ExpectAsync(StatusCode.NotFound, "WEBHOOK_NOT_FOUND", () => person.TestAsync(nobody));
    }

    [Fact]
    public async Task Whatever_is_given_for_an_address_is_taken_or_refused_in_words()
    {
        var seed = Environment.TickCount;
        var random = new Random(seed);
        var person = await As(Tokens.Operator());
        string[] parts = ["https", "http", ":", "//", "/", "@", "[", "]", "::", "127.0.0.1", "%6c", "%00", "localhost", "xn--", "xn--zz--", ".", "-", "?", "#", "a", "é", "\0", " ", "443", "0", "٣", "😀", "\\"];
        for (var i = 0; i < 300; i++)
        {
            var url = string.Concat(Enumerable.Range(0, random.Next(1, 9)).Select(_ => parts[random.Next(parts.Length)]));
            if (i % 2 == 0)
                url = "https://" + url;
            try { await person.DeleteWebhookAsync(new DeleteWebhookRequest { Id = (await person.SubscribeAsync(url)).Webhook.Id }); }
            catch (RpcException e) { Assert.True(e.StatusCode == StatusCode.InvalidArgument, $"seed {seed}: '{url}' gave {Refusal.From(e)}"); }
        }
    }

    [Fact]
    public async Task There_are_a_hundred_webhooks_at_most_however_many_are_created_at_once()
    {
        await using var full = new Platform(servers);
        await full.InitializeAsync();
        var person = await full.ClientAsync<Client>(Tokens.Operator());
        var created = await Task.WhenAll(Enumerable.Range(0, 110).Select(async _ =>
        {
            try { return (await person.SubscribeAsync(Url)).Webhook.Id; }
            catch (RpcException e) when (Refusal.From(e).Reason == "TOO_MANY_WEBHOOKS") { return null; }
        }));
        Assert.Equal(100, created.Count(id => id is not null));
        await person.DeleteWebhookAsync(new DeleteWebhookRequest { Id = created.First(id => id is not null) });
        await person.SubscribeAsync(Url);

        var first = await person.ListWebhooksAsync(new ListWebhooksRequest { PageSize = 60 });
        var second = await person.ListWebhooksAsync(new ListWebhooksRequest { PageSize = 60, PageToken = first.NextPageToken });
        Assert.Equal(100, first.Webhooks.Concat(second.Webhooks).Select(w => w.Id).Distinct().Count());
        Assert.Empty(second.NextPageToken);
    }

    [Fact]
    public async Task Without_a_key_there_are_no_webhooks_and_all_else_works()
    {
        await using var keyless = new Platform(servers) { Settings = { ["session"] = new() { ["Webhooks:KeyFile"] = "" } } };
        await keyless.InitializeAsync();
        var person = await keyless.ClientAsync<Client>(Tokens.Operator());
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "WEBHOOKS_OFF", () => person.SubscribeAsync(Url));
        Assert.Empty((await person.ListWebhooksAsync(new ListWebhooksRequest())).Webhooks);
        var sessions = await keyless.ClientAsync<SessionClient>(Tokens.Agent("keyless"));
        await sessions.MoveAsync((await sessions.CreateAsync()).Id, SessionStatus.Cancelled);
        await Eventually.TrueAsync(async () => (await keyless.SqlAsync<long>("SELECT count(*) FROM session.notices"))[0] == 0, "what nobody wants to know is forgotten");
    }

    [Fact]
    public void The_check_of_these_tests_is_that_of_the_standard()
    {
        // The example that the libraries of Standard Webhooks are tested with.
        const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        const string Body = """{"test": 2432232314}""";
        Assert.True(WebhookMessage.Holds(Secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", Body, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        Assert.False(WebhookMessage.Holds(Secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265331", Body, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);

    private static Metadata Key() => new() { { "idempotency-key", "secret-once" } };

    private static FieldMask Mask(params string[] paths) => new() { Paths = { paths } };
}
