using System.Globalization;
using System.Text.Json.Nodes;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;

namespace AgentPlatform.Sessions;

/// <summary>
/// The RPCs of webhooks. See webhook.proto for what each promises. Where an answer has a secret, what is returned here has the id of its key instead:
/// <see cref="WebhookSecretInterceptor"/>.
/// </summary>
public sealed class WebhookService(
    Database database, WebhookStore store, DeliveryStore deliveries, WebhookKeys keys, TargetPolicy policy, WebhookSettings settings)
    : Contracts.Session.V1.WebhookService.WebhookServiceBase
{
    public override async Task<CreateWebhookResponse> CreateWebhook(CreateWebhookRequest request, ServerCallContext context)
    {
        WebhookRules.Check(request, policy, out var eventTypes);
        var keyId = keys.CurrentId ?? throw WebhookRules.Off();

        await using var work = await database.BeginAsync(context);
        var webhook = await store.AddAsync(work, request, eventTypes, keyId, WebhookRules.MaximumWebhooks) ?? throw WebhookRules.TooMany();
        work.Audit("webhook.create", $"webhook/{webhook.Id}", [HostOf(webhook), ("event_types", string.Join(' ', webhook.EventTypes)), ("role", webhook.Role)]);
        return await work.CommitAsync(new CreateWebhookResponse { Webhook = webhook.ToProto(), Secret = keyId });
    }

    public override async Task<GetWebhookResponse> GetWebhook(GetWebhookRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        return new GetWebhookResponse { Webhook = WebhookRules.Found(await store.FindAsync(id, context), id).ToProto() };
    }

    public override async Task<ListWebhooksResponse> ListWebhooks(ListWebhooksRequest request, ServerCallContext context)
    {
        var page = PageRequest.Read("webhooks", request.PageSize, request.PageToken);

        var fetched = await store.ListAsync(page, context);
        var (rows, next) = page.Cut(fetched, w => w.Id.ToString());
        return new ListWebhooksResponse { Webhooks = { rows.Select(w => w.ToProto()) }, NextPageToken = next };
    }

    public override async Task<UpdateWebhookResponse> UpdateWebhook(UpdateWebhookRequest request, ServerCallContext context)
    {
        WebhookRules.Check(request, policy, out var id);

        await using var work = await database.BeginAsync(context);
        var changed = WebhookRules.Apply(WebhookRules.Found(await store.FindAsync(work, id), id), request);
        var webhook = await store.UpdateAsync(work, changed) ?? throw WebhookRules.ConcurrentUpdate(id);
        work.Audit("webhook.update", $"webhook/{id}",
            [("fields", string.Join(' ', request.UpdateMask.Paths)), HostOf(webhook), ("event_types", string.Join(' ', webhook.EventTypes)), ("role", webhook.Role), ("enabled", $"{webhook.Enabled}")]);
        // What has waited for it to be on again.
        work.Wake(DeliveryStore.Topic);
        return await work.CommitAsync(new UpdateWebhookResponse { Webhook = webhook.ToProto() });
    }

    public override async Task<DeleteWebhookResponse> DeleteWebhook(DeleteWebhookRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        await using var work = await database.BeginAsync(context);
        if (!await store.RemoveAsync(work, id))
            throw WebhookRules.NotFound(id);
        work.Audit("webhook.delete", $"webhook/{id}");
        return await work.CommitAsync(new DeleteWebhookResponse());
    }

    public override async Task<RotateWebhookSecretResponse> RotateWebhookSecret(RotateWebhookSecretRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();
        var keyId = keys.CurrentId ?? throw WebhookRules.Off();

        await using var work = await database.BeginAsync(context);
        var rotated = WebhookRules.Rotate(WebhookRules.Found(await store.FindAsync(work, id), id), keyId, database.Now + settings.PreviousSecretFor);
        var webhook = await store.UpdateAsync(work, rotated) ?? throw WebhookRules.ConcurrentUpdate(id);
        work.Audit("webhook.rotate_secret", $"webhook/{id}", [("generation", webhook.SecretGeneration.ToString(CultureInfo.InvariantCulture))]);
        return await work.CommitAsync(new RotateWebhookSecretResponse { Webhook = webhook.ToProto(), Secret = keyId });
    }

    public override async Task<ListDeliveriesResponse> ListDeliveries(ListDeliveriesRequest request, ServerCallContext context)
    {
        WebhookRules.Check(request, out var webhookId);
        var page = PageRequest.Read("webhook-deliveries", request.PageSize, request.PageToken, webhookId, request.Status);

        var fetched = await deliveries.ListAsync(page, webhookId, request.Status, context);
        var (rows, next) = page.Cut(fetched, d => d.Id.ToString());
        return new ListDeliveriesResponse { Deliveries = { rows.Select(d => d.ToProto()) }, NextPageToken = next };
    }

    public override async Task<GetDeliveryResponse> GetDelivery(GetDeliveryRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        var (found, attempts) = await deliveries.FindAsync(id, WebhookRules.ShownAttempts, context);
        var delivery = WebhookRules.Found(found, id);
        return new GetDeliveryResponse { Delivery = delivery.ToProto(), Body = delivery.Body, Attempts = { attempts.Select(a => a.ToProto()) } };
    }

    public override async Task<ReplayDeliveryResponse> ReplayDelivery(ReplayDeliveryRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("id", request.Id, out var id).ThrowIfAny();

        await using var work = await database.BeginAsync(context);
        var delivery = WebhookRules.FoundEnded(await deliveries.FindToChangeAsync(work, id), id);
        WebhookRules.FoundEnabled(await store.FindAsync(work, delivery.WebhookId), delivery.WebhookId);
        var queued = await deliveries.RequeueAsync(work, id);
        work.Audit("webhook.replay_delivery", $"webhook/{delivery.WebhookId}", [("delivery_id", $"{id}"), ("event_type", delivery.EventType), ("was", EnumText.Of(delivery.Status))]);
        return await work.CommitAsync(new ReplayDeliveryResponse { Delivery = queued.ToProto() });
    }

    public override async Task<ReplayDeadLettersResponse> ReplayDeadLetters(ReplayDeadLettersRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("webhook_id", request.WebhookId, out var id).ThrowIfAny();

        await using var work = await database.BeginAsync(context);
        WebhookRules.FoundEnabled(await store.FindAsync(work, id), id);
        var (count, hasMore) = await deliveries.RequeueDeadAsync(work, id, WebhookRules.MaximumReplays);
        work.Audit("webhook.replay_dead_letters", $"webhook/{id}", [("count", count.ToString(CultureInfo.InvariantCulture))]);
        return await work.CommitAsync(new ReplayDeadLettersResponse { Count = count, HasMore = hasMore });
    }

    public override async Task<SendTestNotificationResponse> SendTestNotification(SendTestNotificationRequest request, ServerCallContext context)
    {
        new FieldChecks().Id("webhook_id", request.WebhookId, out var id).ThrowIfAny();

        await using var work = await database.BeginAsync(context);
        WebhookRules.FoundEnabled(await store.FindAsync(work, id), id);
        var delivery = deliveries.Add(work, Notice.Make(NoticeTypes.Test, database.Now, new JsonObject { ["webhook_id"] = id.ToString() }), id);
        work.Audit("webhook.test", $"webhook/{id}", [("delivery_id", $"{delivery.Id}")]);
        return await work.CommitAsync(new SendTestNotificationResponse { Delivery = delivery.ToProto() });
    }

    // The host alone: paths and queries of such addresses often are tokens.
    private static (string Name, string Value) HostOf(WebhookRecord webhook) => ("host", new Uri(webhook.Url).Authority);
}
