using System.Text.Json;
using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Sessions;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Approvals = AgentPlatform.Contracts.Session.V1.ApprovalService.ApprovalServiceClient;
using Client = AgentPlatform.Contracts.Session.V1.WebhookService.WebhookServiceClient;
using SessionClient = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;
using Tasks = AgentPlatform.Contracts.Session.V1.TaskService.TaskServiceClient;

namespace AgentPlatform.Tests.Sessions;

/// <summary>What happens is told, signed, until it is taken: over real HTTP.</summary>
public sealed class WebhookDeliveryTests : IClassFixture<Platform>
{
    private const string Secretive = "not for everybody";
    private readonly Platform _platform;

    public WebhookDeliveryTests(Platform platform) => (_platform = platform).Settings["session"] = WebhookCalls.Settings;

    [Fact]
    public async Task Every_kind_of_event_arrives_signed_and_with_ids_alone()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var (hooks, person) = (await Webhooks(), await _platform.ClientAsync<Approvals>(Tokens.Operator()));
        var subscribed = await hooks.SubscribeAsync(receiver.Url);
        var sessions = await _platform.ClientAsync<SessionClient>(Tokens.Agent("teller"));
        var tasks = await _platform.ClientAsync<Tasks>(Tokens.Agent("teller"));
        var approvals = await _platform.ClientAsync<Approvals>(Tokens.Agent("teller"));

        var session = (await sessions.CreateSessionAsync(new CreateSessionRequest { Role = "finance", Task = Secretive, Subject = new Subject { Type = "booking", Id = "B-1" } })).Session;
        var task = (await tasks.CreateTaskAsync(new CreateTaskRequest { Type = "invoice.check", FromRole = "manager", ToRole = "finance", SessionId = session.Id, Payload = Payload() })).Task;
        await tasks.TransitionTaskAsync(new TransitionTaskRequest { Id = task.Id, Status = RoleTaskStatus.Cancelled, Reason = Secretive });
        var decided = (await approvals.RequestApprovalAsync(Asking(session.Id))).Approval;
        await person.DecideApprovalAsync(new DecideApprovalRequest { Id = decided.Id, Decision = ApprovalDecision.Reject, Digest = decided.Digest, Notes = Secretive });
        var escalated = (await approvals.RequestApprovalAsync(new RequestApprovalRequest(Asking("")) { OnExpiry = OnExpiry.Escalate, EscalateTo = Role.Superuser })).Approval;
        await sessions.MoveAsync(session.Id, SessionStatus.Cancelled);
        var left = await sessions.CreateAsync(TimeSpan.FromMinutes(5));
        var slow = (await tasks.CreateTaskAsync(new CreateTaskRequest { Type = "invoice.check", FromRole = "manager", ToRole = "legal", TimeoutSeconds = 60 })).Task;
        await receiver.WaitAsync(NoticeTypes.SessionEnded);
        _platform.Clock.Advance(TimeSpan.FromHours(1.1));
        await receiver.WaitAsync(NoticeTypes.ApprovalEscalated);
        _platform.Clock.Advance(TimeSpan.FromHours(1.1));

        // The clock is everybody's: what other tests of this class have left open may end with it.
        string[] mine = [session.Id, task.Id, decided.Id, escalated.Id, left.Id, slow.Id];
        List<WebhookMessage> Mine() => [.. receiver.Received.Where(m => mine.Any(id => m.Body.Contains(id, StringComparison.Ordinal)))];
        string[] Ids(string type, string name) => [.. Mine().Where(m => m.Type == type).Select(m => $"{m.Data.GetProperty(name)} {m.Data.GetProperty("status")}").Order()];
        await Eventually.TrueAsync(() => Task.FromResult(Mine().Count >= 9), "all is told");
        Assert.Equal(new[] { $"{session.Id} CANCELLED", $"{left.Id} EXPIRED" }.Order(), Ids(NoticeTypes.SessionEnded, "session_id"));
        Assert.Equal(new[] { $"{task.Id} CANCELLED", $"{slow.Id} TIMEOUT" }.Order(), Ids(NoticeTypes.TaskEnded, "task_id"));
        Assert.Equal(new[] { $"{decided.Id} PENDING", $"{escalated.Id} PENDING" }.Order(), Ids(NoticeTypes.ApprovalRequested, "approval_id"));
        Assert.Equal([$"{decided.Id} REJECTED"], Ids(NoticeTypes.ApprovalDecided, "approval_id"));
        Assert.Equal([$"{escalated.Id} PENDING"], Ids(NoticeTypes.ApprovalEscalated, "approval_id"));
        Assert.Equal([$"{escalated.Id} EXPIRED"], Ids(NoticeTypes.ApprovalExpired, "approval_id"));

        var ended = receiver.Of(NoticeTypes.SessionEnded).Single(m => m.Data.GetProperty("session_id").GetString() == session.Id);
        Assert.Equal(("finance", "teller", "B-1", $"/v1/sessions/{session.Id}"), (ended.Data.GetProperty("role").GetString(), ended.Data.GetProperty("agent_id").GetString(),
            ended.Data.GetProperty("subject").GetProperty("id").GetString(), ended.Data.GetProperty("links").GetProperty("session").GetString()));
        Assert.Equal(session.Id, Mine().Single(m => m.Type == NoticeTypes.ApprovalDecided).Data.GetProperty("session_id").GetString());
        Assert.All(receiver.Received, message =>
        {
            Assert.Equal(("POST", "/hooks/in?source=test", "application/json"), (message.Method, message.Path, message.Headers["content-type"]));
            Assert.True(message.IsSignedBy(subscribed.Secret) && message.Signatures == 1);
            Assert.Equal(message.Id, message.Json.GetProperty("id").GetString());
            Assert.StartsWith("AgentPlatform-Webhooks/", message.Headers["user-agent"], StringComparison.Ordinal);
            Assert.True(message.SentAt >= message.Json.GetProperty("time").GetDateTimeOffset().AddSeconds(-1));
            Assert.DoesNotContain(Secretive, message.Body, StringComparison.Ordinal);
            Assert.False(message.Headers.ContainsKey("traceparent"));
        });
        Assert.Equal(9, Mine().Select(m => m.Id).Distinct().Count());
        // Only what was signed holds.
        Assert.False((ended with { Body = ended.Body.Replace("CANCELLED", "COMPLETED", StringComparison.Ordinal) }).IsSignedBy(subscribed.Secret));
    }

    [Fact]
    public async Task A_webhook_is_told_of_its_events_and_its_role_alone()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var other = await WebhookReceiver.StartAsync();
        var hooks = await Webhooks();
        var legal = (await hooks.CreateWebhookAsync(new CreateWebhookRequest { Url = receiver.Url, Role = "legal", EventTypes = { NoticeTypes.SessionEnded, NoticeTypes.ApprovalRequested } })).Webhook.Id;
        var tasks = (await hooks.SubscribeAsync(other.Url, NoticeTypes.TaskEnded)).Webhook.Id;
        var sessions = await _platform.ClientAsync<SessionClient>(Tokens.Agent("roles"));
        var approvals = await _platform.ClientAsync<Approvals>(Tokens.Agent("roles"));
        async Task<string> RunAsync(string role)
        {
            var id = (await sessions.CreateSessionAsync(new CreateSessionRequest { Role = role })).Session.Id;
            await approvals.RequestApprovalAsync(Asking(id));
            await sessions.MoveAsync(id, SessionStatus.Cancelled);
            return id;
        }
        await RunAsync("finance");
        await approvals.RequestApprovalAsync(Asking(""));
        var id = await RunAsync("legal");

        // The last that was done has arrived; notices are queued in the order of time, so all before it has been queued for whom it concerns.
        await receiver.WaitAsync(NoticeTypes.SessionEnded);
        await receiver.WaitAsync(NoticeTypes.ApprovalRequested);
        Assert.All(receiver.Received, m => Assert.Equal(id, m.Data.GetProperty("session_id").GetString()));
        Assert.Equal(2, (await hooks.DeliveriesAsync(legal)).Count);
        Assert.Empty(await hooks.DeliveriesAsync(tasks));
    }

    [Fact]
    public async Task After_a_rotation_both_secrets_sign_for_a_day()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var hooks = await Webhooks();
        var first = await hooks.SubscribeAsync(receiver.Url, NoticeTypes.TaskEnded);
        var second = await hooks.RotateWebhookSecretAsync(new RotateWebhookSecretRequest { Id = first.Webhook.Id });
        async Task<WebhookMessage> NextAsync(int number)
        {
            await hooks.TestAsync(first.Webhook.Id);
            return (await receiver.WaitAsync(NoticeTypes.Test, number))[^1];
        }
        var message = await NextAsync(1);
        Assert.Equal((2, true, true), (message.Signatures, message.IsSignedBy(first.Secret), message.IsSignedBy(second.Secret)));

        _platform.Clock.Advance(TimeSpan.FromHours(24) + TimeSpan.FromSeconds(1));
        message = await NextAsync(2);
        Assert.Equal((1, false, true), (message.Signatures, message.IsSignedBy(first.Secret), message.IsSignedBy(second.Secret)));
    }

    [Fact]
    public async Task What_is_not_taken_is_tried_again_ever_more_rarely_and_is_a_dead_letter_after_a_day()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = async context =>
        {
            context.Response.StatusCode = 500;
            await context.Response.WriteAsync("out\0of order");
        };
        var hooks = await Webhooks();
        var id = (await hooks.SubscribeAsync(receiver.Url, NoticeTypes.TaskEnded)).Webhook.Id;
        var delivery = await hooks.TestAsync(id);
        var seen = await hooks.WaitForAttemptsAsync(delivery.Id, 1);
        while (seen.Delivery.Status == DeliveryStatus.Queued)
        {
            Assert.Equal((500, "answered 500 InternalServerError"), (seen.Delivery.LastStatusCode, seen.Delivery.LastError));
            var pause = seen.Delivery.NextAttemptTime.ToDateTimeOffset() - _platform.Clock.GetUtcNow();
            _platform.Clock.Advance(pause > TimeSpan.Zero ? pause : TimeSpan.Zero);
            seen = await hooks.WaitForAttemptsAsync(delivery.Id, seen.Attempts.Count + 1);
        }

        Assert.Equal((DeliveryStatus.Dead, seen.Attempts.Count), (seen.Delivery.Status, seen.Delivery.Attempts));
        Assert.InRange(seen.Attempts.Count, 15, 40);
        Assert.All(seen.Attempts, a => Assert.Equal((500, "out of order"), (a.StatusCode, a.Answer)));
        var starts = seen.Attempts.Reverse().Select(a => a.StartTime.ToDateTimeOffset()).ToList();
        Assert.InRange(starts[^1] - starts[0], TimeSpan.FromHours(24) - TimeSpan.FromSeconds(1), TimeSpan.FromHours(24.1));
        Assert.True(starts[2] - starts[1] < TimeSpan.FromMinutes(1) && starts[^3] - starts[^4] > TimeSpan.FromHours(1));
        Assert.Single(receiver.Received.Select(m => (m.Id, m.Body)).Distinct());
        Assert.Equal(seen.Attempts.Count, receiver.Received.Select(m => m.Headers["webhook-timestamp"]).Distinct().Count());
        Assert.Equal(delivery.Id, Assert.Single(await hooks.DeliveriesAsync(id, DeliveryStatus.Dead)).Id);

        // A person has mended it, and sends it again; it arrives as what it was.
        receiver.Answer = context => WebhookReceiver.Status(context, 204);
        Assert.Equal(DeliveryStatus.Queued, (await hooks.ReplayDeliveryAsync(new ReplayDeliveryRequest { Id = delivery.Id })).Delivery.Status);
        var replayed = await hooks.WaitAsync(delivery.Id, DeliveryStatus.Delivered);
        Assert.Equal((seen.Attempts.Count + 1, 204, ""), (replayed.Delivery.Attempts, replayed.Delivery.LastStatusCode, replayed.Delivery.LastError));
        Assert.Equal(receiver.Received[0].Id, receiver.Received[^1].Id);
        await hooks.ReplayDeliveryAsync(new ReplayDeliveryRequest { Id = delivery.Id });
        await hooks.WaitForAttemptsAsync(delivery.Id, seen.Attempts.Count + 2);
        Assert.Equal(["webhook.create", "webhook.test", "webhook.replay_delivery", "webhook.replay_delivery"], (await _platform.AuditOfAsync($"webhook/{id}", 4)).Select(e => e.Operation));
    }

    [Fact]
    public async Task Dead_letters_are_replayed_together_oldest_first()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var hooks = await Webhooks();
        var id = (await hooks.SubscribeAsync(receiver.Url, NoticeTypes.TaskEnded)).Webhook.Id;
        await _platform.SqlAsync<int>("""
            INSERT INTO session.webhook_executions
            SELECT ('00000000-0000-7000-8000-' || lpad(i::text, 12, '0'))::uuid, $1, gen_random_uuid(), 'webhook.test', format('{"type":"webhook.test","n":%s}', i), 'dead', 20,
                   now(), now(), 0, 'no answer', now(), now() + interval '10 years'
              FROM generate_series(1, 1005) AS i
            """, Guid.Parse(id));
        var first = await hooks.ReplayDeadLettersAsync(new ReplayDeadLettersRequest { WebhookId = id });
        Assert.Equal((1000, true), (first.Count, first.HasMore));
        Assert.Equal(5, (await hooks.DeliveriesAsync(id, DeliveryStatus.Dead)).Count);
        var second = await hooks.ReplayDeadLettersAsync(new ReplayDeadLettersRequest { WebhookId = id });
        Assert.Equal((5, false), (second.Count, second.HasMore));
        Assert.Equal(0, (await hooks.ReplayDeadLettersAsync(new ReplayDeadLettersRequest { WebhookId = id })).Count);
        await receiver.WaitAsync(NoticeTypes.Test, 1005);
        Assert.Equal(Enumerable.Range(1, 1005), receiver.Received.Select(m => m.Json.GetProperty("n").GetInt32()).Order());
    }

    [Fact]
    public async Task A_receiver_that_has_gone_is_switched_off()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = context => WebhookReceiver.Status(context, 410);
        var hooks = await Webhooks();
        var id = (await hooks.SubscribeAsync(receiver.Url, NoticeTypes.TaskEnded)).Webhook.Id;
        var delivery = await hooks.TestAsync(id);
        var dead = await hooks.WaitAsync(delivery.Id, DeliveryStatus.Dead);
        Assert.Equal((1, 410, "answered 410 Gone"), (dead.Delivery.Attempts, dead.Delivery.LastStatusCode, dead.Delivery.LastError));
        var webhook = await hooks.ReadAsync(id);
        Assert.Equal((false, DisabledReason.Gone), (webhook.Enabled, webhook.DisabledReason));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "WEBHOOK_DISABLED", async () => await hooks.ReplayDeliveryAsync(new ReplayDeliveryRequest { Id = delivery.Id }));
        var entry = (await _platform.AuditOfAsync($"webhook/{id}", 3)).Single(e => e.Operation == "webhook.disable");
        Assert.Equal("service/session", entry.Principal);

        receiver.Answer = context => WebhookReceiver.Status(context, 200);
        await SwitchAsync(hooks, id, on: true);
        Assert.Equal(1, (await hooks.ReplayDeadLettersAsync(new ReplayDeadLettersRequest { WebhookId = id })).Count);
        await hooks.WaitAsync(delivery.Id, DeliveryStatus.Delivered);
    }

    [Fact]
    public async Task What_waits_for_a_webhook_that_is_off_goes_on_when_it_is_on_or_is_given_up_in_the_end()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        receiver.Answer = context => WebhookReceiver.Status(context, 503);
        var hooks = await Webhooks();
        var id = (await hooks.SubscribeAsync(receiver.Url, NoticeTypes.TaskEnded)).Webhook.Id;
        var delivery = await hooks.TestAsync(id);
        await hooks.WaitForAttemptsAsync(delivery.Id, 1);
        await SwitchAsync(hooks, id, on: false);
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "DELIVERY_QUEUED", async () => await hooks.ReplayDeliveryAsync(new ReplayDeliveryRequest { Id = delivery.Id }));
        _platform.Clock.Advance(TimeSpan.FromHours(12));
        // Another webhook's message makes a turn, in which this one would have had its chance.
        await using var other = await WebhookReceiver.StartAsync();
        await hooks.TestAsync((await hooks.SubscribeAsync(other.Url, NoticeTypes.TaskEnded)).Webhook.Id);
        await other.WaitAsync(NoticeTypes.Test);
        Assert.Equal((DeliveryStatus.Queued, 1), ((await hooks.DeliveryAsync(delivery.Id)).Delivery.Status, receiver.Received.Count));
        await SwitchAsync(hooks, id, on: true);
        await hooks.WaitForAttemptsAsync(delivery.Id, 2);

        await SwitchAsync(hooks, id, on: false);
        _platform.Clock.Advance(TimeSpan.FromHours(13));
        Assert.Contains("switched off", (await hooks.WaitAsync(delivery.Id, DeliveryStatus.Dead)).Delivery.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_ended_a_week_ago_or_belongs_to_a_removed_webhook_is_removed()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var hooks = await Webhooks();
        var (kept, removed) = ((await hooks.SubscribeAsync(receiver.Url, NoticeTypes.TaskEnded)).Webhook.Id, (await hooks.SubscribeAsync(receiver.Url, NoticeTypes.TaskEnded)).Webhook.Id);
        var (first, second) = (await hooks.TestAsync(kept), await hooks.TestAsync(removed));
        await hooks.WaitAsync(first.Id, DeliveryStatus.Delivered);
        await hooks.WaitAsync(second.Id, DeliveryStatus.Delivered);

        await hooks.DeleteWebhookAsync(new DeleteWebhookRequest { Id = removed });
        await Refusal.ExpectAsync(StatusCode.NotFound, "DELIVERY_NOT_FOUND", () => hooks.DeliveryAsync(second.Id));
        Assert.Empty(await hooks.DeliveriesAsync(removed));
        await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>("SELECT count(*) FROM session.webhooks WHERE id = $1", Guid.Parse(removed)))[0] == 0, "nothing of it is left");
        Assert.Equal(DeliveryStatus.Delivered, (await hooks.DeliveryAsync(first.Id)).Delivery.Status);

        _platform.Clock.Advance(TimeSpan.FromDays(7) + TimeSpan.FromMinutes(1));
        await Eventually.TrueAsync(async () => (await hooks.DeliveriesAsync(kept)).Count == 0, "the delivery is removed");
        Assert.Equal([0L], await _platform.SqlAsync<long>("SELECT count(*) FROM session.webhook_attempts WHERE execution_id = $1", Guid.Parse(first.Id)));
    }

    [Fact]
    public async Task Deliveries_are_listed_by_webhook_and_state_page_by_page()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var hooks = await Webhooks();
        var id = (await hooks.SubscribeAsync(receiver.Url, NoticeTypes.TaskEnded)).Webhook.Id;
        var sent = new List<string>();
        for (var i = 0; i < 5; i++)
            sent.Add((await hooks.TestAsync(id)).Id);
        foreach (var each in sent)
            await hooks.WaitAsync(each, DeliveryStatus.Delivered);
        var auditor = await _platform.ClientAsync<Client>(Tokens.Auditor());
        var request = new ListDeliveriesRequest { WebhookId = id, PageSize = 3, Status = DeliveryStatus.Delivered };
        var first = await auditor.ListDeliveriesAsync(request);
        var second = await auditor.ListDeliveriesAsync(new ListDeliveriesRequest(request) { PageToken = first.NextPageToken });
        Assert.Equal(sent.Order(StringComparer.Ordinal).Reverse(), first.Deliveries.Concat(second.Deliveries).Select(d => d.Id));
        Assert.Empty(await hooks.DeliveriesAsync(id, DeliveryStatus.Dead));
        using var body = JsonDocument.Parse((await auditor.DeliveryAsync(sent[0])).Body);
        Assert.Equal(id, body.RootElement.GetProperty("data").GetProperty("webhook_id").GetString());
    }

    private Task<Client> Webhooks() => _platform.ClientAsync<Client>(Tokens.Operator());

    private static async Task SwitchAsync(Client hooks, string id, bool on) =>
        await hooks.UpdateWebhookAsync(new UpdateWebhookRequest { Id = id, UpdateMask = new FieldMask { Paths = { "enabled" } }, Enabled = on });

    private static Struct Payload() => new() { Fields = { ["text"] = Value.ForString(Secretive) } };

    private static RequestApprovalRequest Asking(string sessionId) =>
        new() { ApproverRole = Role.Operator, Action = "mail.send", Arguments = Payload(), Reason = Secretive, SessionId = sessionId };
}
