using AgentPlatform.Bench.Chaos;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Sessions;
using AgentPlatform.Tests.Sessions;

namespace AgentPlatform.Tests.Faults;

/// <summary>Instances die between an event and its telling, and between a message and the note that it was taken.</summary>
[Collection(FaultCollection.Name)]
public sealed class WebhookKillTests(FaultCluster faults)
{
    private static readonly TimeSpan GiveUpAfter = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task A_message_of_an_instance_that_died_is_sent_again_by_another_with_the_same_id()
    {
        var sessions = faults.Cluster.Sessions;
        await using var receiver = await WebhookReceiver.StartAsync();
        var never = new TaskCompletionSource();
        receiver.Answer = context => receiver.Received.Count > 1 ? Task.CompletedTask : never.Task.WaitAsync(context.RequestAborted);
        var hooks = faults.Webhooks();
        // One instance alone, so that it is known whose the message is.
        await sessions[1].Process.KillAsync();
        var id = "";
        try
        {
            // As a client does: UNAVAILABLE is sent again, under its key.
            var subscribe = new CreateWebhookRequest { Url = receiver.Url, EventTypes = { NoticeTypes.TaskEnded } };
            id = (await Patience.UntilAnsweredAsync(async o => await hooks.CreateWebhookAsync(subscribe, o), "kill/subscribe", _ => { }, CancellationToken.None)).Webhook.Id;
            var test = new SendTestNotificationRequest { WebhookId = id };
            var delivery = (await Patience.UntilAnsweredAsync(async o => await hooks.SendTestNotificationAsync(test, o), "kill/test", _ => { }, CancellationToken.None)).Delivery;
            await receiver.WaitAsync(NoticeTypes.Test);
            await sessions[0].Process.KillAsync();
            await sessions[1].StartAsync();
            await receiver.WaitAsync(NoticeTypes.Test, 2);
            var seen = await hooks.WaitAsync(delivery.Id, DeliveryStatus.Delivered);
            // Two were begun; how the first went, nobody could write down.
            Assert.Equal((2, 2), (seen.Delivery.Attempts, Assert.Single(seen.Attempts).Number));
            Assert.Single(receiver.Received.Select(m => (m.Id, m.Body)).Distinct());
        }
        finally
        {
            if (!sessions[0].Process.IsRunning)
                await sessions[0].StartAsync();
            if (!sessions[1].Process.IsRunning)
                await sessions[1].StartAsync();
        }
        await faults.Cluster.IsHealthyAsync();
        await hooks.DeleteWebhookAsync(new DeleteWebhookRequest { Id = id });
    }

    [Fact]
    public async Task Every_end_that_was_acknowledged_is_told_although_instances_and_redis_die()
    {
        const int Sessions = 120;
        const int Callers = 6;
        var cluster = faults.Cluster;
        await using var receiver = await WebhookReceiver.StartAsync();
        var hooks = faults.Webhooks();
        var created = await hooks.SubscribeAsync(receiver.Url, NoticeTypes.SessionEnded);
        using var giveUp = new CancellationTokenSource(GiveUpAfter);
        var ended = 0;
        var clients = Enumerable.Range(0, Callers).Select(_ => faults.Sessions("teller")).ToList();
        var work = clients.Select(async (client, caller) =>
        {
            var ids = new List<string>();
            for (var i = 0; i < Sessions / Callers; i++)
            {
                var key = $"told/{caller}/{i}";
                var session = (await Patience.UntilAnsweredAsync(async o => await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" }, o), $"{key}/create", _ => { }, giveUp.Token)).Session;
                var end = new TransitionSessionRequest { Id = session.Id, Status = SessionStatus.Cancelled };
                await Patience.UntilAnsweredAsync(async o => await client.TransitionSessionAsync(end, o), $"{key}/end", _ => { }, giveUp.Token);
                ids.Add(session.Id);
                Interlocked.Increment(ref ended);
            }
            return ids;
        }).ToList();
        Func<Task>[] steps = [cluster.Sessions[0].Process.KillAsync, cluster.Redis.KillAsync, cluster.Sessions[0].StartAsync, cluster.Sessions[1].Process.KillAsync, cluster.Redis.StartAsync, cluster.Sessions[1].StartAsync];
        foreach (var (step, number) in steps.Select((s, i) => (s, i)))
        {
            // While work is under way.
            await Eventually.TrueAsync(() => Task.FromResult(Volatile.Read(ref ended) >= number * 10), "work goes on");
            await step();
        }
        var all = (await Task.WhenAll(work)).SelectMany(ids => ids).ToList();
        await cluster.IsHealthyAsync();

        HashSet<string> Told() => [.. receiver.Received.Select(m => m.Data.GetProperty("session_id").GetString()!)];
        await Eventually.TrueAsync(() => Task.FromResult(Told().IsSupersetOf(all)), $"all {all.Count} ends are told");
        // Whatever came twice came as the same message.
        Assert.Equal(Told().Count, receiver.Received.Select(m => m.Id).Distinct().Count());
        Assert.All(receiver.Received, m => Assert.True(m.IsSignedBy(created.Secret)));
        await hooks.DeleteWebhookAsync(new DeleteWebhookRequest { Id = created.Webhook.Id });
    }
}
