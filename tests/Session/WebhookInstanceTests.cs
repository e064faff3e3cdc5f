using System.Collections.Concurrent;
using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Sessions;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Approvals = AgentPlatform.Contracts.Session.V1.ApprovalService.ApprovalServiceClient;
using Client = AgentPlatform.Contracts.Session.V1.WebhookService.WebhookServiceClient;
using SessionClient = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Sessions;

/// <summary>What the queue promises: nothing acknowledged goes untold, instances share the work, and a slow receiver is nobody else's trouble.</summary>
public sealed class WebhookInstanceTests : IClassFixture<Platform>
{
    private readonly TestServers _servers;
    private readonly Platform _platform;

    public WebhookInstanceTests(TestServers servers, Platform platform)
    {
        (_servers, _platform) = (servers, platform);
        platform.Settings["session"] = WebhookCalls.Settings;
    }

    [Fact]
    public async Task Two_instances_tell_each_thing_once()
    {
        const int Sessions = 200;
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var other = await _platform.StartAnotherAsync("session");
        var hooks = await Webhooks();
        var id = (await hooks.SubscribeAsync(receiver.Url, NoticeTypes.SessionEnded)).Webhook.Id;
        SessionClient[] clients = [await _platform.ClientAsync<SessionClient>(Tokens.Agent("twice")), _platform.Client<SessionClient>(other.GrpcAddress, Tokens.Agent("twice"))];
        var ended = new ConcurrentBag<string>();
        // So many at once as an agent has connections.
        await Parallel.ForEachAsync(Enumerable.Range(0, Sessions), new ParallelOptions { MaxDegreeOfParallelism = 6 }, async (i, _) =>
        {
            var session = await clients[i % 2].CreateAsync();
            ended.Add((await clients[i % 2].MoveAsync(session.Id, SessionStatus.Cancelled)).Id);
        });
        await receiver.WaitAsync(NoticeTypes.SessionEnded, Sessions);
        await Eventually.TrueAsync(async () => (await hooks.DeliveriesAsync(id, DeliveryStatus.Queued)).Count == 0, "every delivery is written down");
        Assert.Equal(ended.Order(), receiver.Received.Select(m => m.Data.GetProperty("session_id").GetString()).Order());
    }

    [Fact]
    public async Task A_slow_receiver_has_so_many_messages_at_once_and_holds_up_nobody_else()
    {
        const int Messages = 40;
        await using var slow = await WebhookReceiver.StartAsync();
        await using var quick = await WebhookReceiver.StartAsync();
        var released = new TaskCompletionSource();
        slow.Answer = _ => released.Task;
        var hooks = await Webhooks();
        var (slowId, quickId) = ((await hooks.SubscribeAsync(slow.Url, NoticeTypes.TaskEnded)).Webhook.Id, (await hooks.SubscribeAsync(quick.Url, NoticeTypes.TaskEnded)).Webhook.Id);
        for (var i = 0; i < Messages; i++)
            await hooks.TestAsync(slowId);
        await slow.WaitAsync(NoticeTypes.Test, 8);
        for (var i = 0; i < Messages; i++)
            await hooks.TestAsync(quickId);
        await quick.WaitAsync(NoticeTypes.Test, Messages);
        Assert.Equal((8, false), (slow.Received.Count, released.Task.IsCompleted));
        released.SetResult();
        await slow.WaitAsync(NoticeTypes.Test, Messages);
    }

    [Fact]
    public async Task An_attempt_that_is_not_written_down_in_time_is_made_again_and_what_it_says_later_changes_nothing()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        var late = new TaskCompletionSource();
        receiver.Answer = async context =>
        {
            if (receiver.Received.Count > 1)
                return;
            await late.Task;
            context.Response.StatusCode = 500;
        };
        var hooks = await Webhooks();
        var id = (await hooks.SubscribeAsync(receiver.Url, NoticeTypes.TaskEnded)).Webhook.Id;
        var delivery = await hooks.TestAsync(id);
        await receiver.WaitAsync(NoticeTypes.Test);
        _platform.Clock.Advance(TimeSpan.FromSeconds(31));
        await receiver.WaitAsync(NoticeTypes.Test, 2);
        Assert.Equal(receiver.Received[0].Id, receiver.Received[1].Id);
        Assert.Equal((2, 200), (await hooks.WaitAsync(delivery.Id, DeliveryStatus.Delivered)) is var d ? (d.Delivery.Attempts, d.Delivery.LastStatusCode) : default);

        late.SetResult();
        var seen = await hooks.WaitForAttemptsAsync(delivery.Id, 2);
        Assert.Equal([200, 500], seen.Attempts.Select(a => a.StatusCode));
        Assert.Equal((DeliveryStatus.Delivered, 200, ""), (seen.Delivery.Status, seen.Delivery.LastStatusCode, seen.Delivery.LastError));
    }

    [Fact]
    public async Task An_instance_that_stops_writes_down_what_is_on_its_way()
    {
        await using var stopping = new Platform(_servers) { Settings = { ["session"] = WebhookCalls.Settings } };
        await stopping.InitializeAsync();
        await using var receiver = await WebhookReceiver.StartAsync();
        var hooks = await stopping.ClientAsync<Client>(Tokens.Operator());
        var answered = new TaskCompletionSource();
        receiver.Answer = _ => answered.Task;
        var delivery = await hooks.TestAsync((await hooks.SubscribeAsync(receiver.Url, NoticeTypes.TaskEnded)).Webhook.Id);
        await receiver.WaitAsync(NoticeTypes.Test);
        var stop = stopping.StopAsync("session");
        answered.SetResult();
        await stop;
        Assert.Equal(["delivered"], await stopping.SqlAsync<string>("SELECT status FROM session.webhook_executions WHERE id = $1", Guid.Parse(delivery.Id)));
    }

    [Fact]
    public async Task A_call_that_failed_or_was_repeated_tells_nothing_more()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        await (await Webhooks()).SubscribeAsync(receiver.Url, NoticeTypes.SessionEnded);
        var agent = await _platform.ClientAsync<SessionClient>(Tokens.Agent("repeater"));
        var session = await agent.CreateAsync();
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "ILLEGAL_TRANSITION", () => agent.MoveAsync(session.Id, SessionStatus.Completed));
        var end = new TransitionSessionRequest { Id = session.Id, Status = SessionStatus.Cancelled };
        for (var i = 0; i < 2; i++)
            await agent.TransitionSessionAsync(end, new Metadata { { "idempotency-key", "end" } });
        var last = await agent.CreateAsync();
        await agent.MoveAsync(last.Id, SessionStatus.Cancelled);
        await Eventually.TrueAsync(() => Task.FromResult(Mentions(last.Id) == 1), "the last is told");
        Assert.Equal(1, Mentions(session.Id));

        int Mentions(string id) => receiver.Received.Count(m => m.Data.GetProperty("session_id").GetString() == id);
    }

    [Fact]
    public async Task To_tell_costs_no_round_trip()
    {
        using var counter = new RoundTripCounter();
        var agent = await _platform.ClientAsync<SessionClient>(Tokens.Agent("counted"));
        var approvals = await _platform.ClientAsync<Approvals>(Tokens.Agent("counted"));
        var session = await agent.CreateAsync();
        var starts = await counter.CountAsync(() => agent.MoveAsync(session.Id, SessionStatus.Active));
        var ends = await counter.CountAsync(() => agent.MoveAsync(session.Id, SessionStatus.Completed));
        Assert.True(starts > 0);
        Assert.Equal(starts, ends);
        var asks = await counter.CountAsync(async () => await approvals.RequestApprovalAsync(
            new RequestApprovalRequest { ApproverRole = Role.Operator, Action = "mail.send", Reason = "It is ready." }));
        Assert.Equal(1, asks);
    }

    private Task<Client> Webhooks() => _platform.ClientAsync<Client>(Tokens.Operator());
}
