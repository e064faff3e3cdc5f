using System.Globalization;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace AgentPlatform.Cli.Webhooks;

/// <summary>Webhooks and deliveries as people and scripts read them.</summary>
public static class WebhookText
{
    private const string TimeForm = "yyyy-MM-dd HH:mm:ss";

    private static JsonFormatter Formatter { get; } = new(JsonFormatter.Settings.Default.WithPreserveProtoFieldNames(true));

    /// <summary>The whole message as one line of JSON, with the names of the contract.</summary>
    public static string Json(IMessage message) => Formatter.Format(message);

    public static Table Table(IEnumerable<Webhook> webhooks) => Fill(Terminal.NewTable("id", "on", "events", "role", "url"),
        webhooks.Select(w => new[] { w.Id, w.Enabled ? "yes" : "no", string.Join(' ', w.EventTypes), w.Role, w.Url }));

    public static Table Table(IEnumerable<WebhookDelivery> deliveries) => Fill(Terminal.NewTable("id", "queued (UTC)", "event", "status", "attempts", "answered", "next (UTC)", "error"),
        deliveries.Select(d => new[] { d.Id, Time(d.CreateTime), d.EventType, Of(d.Status), Number(d.Attempts), Code(d.LastStatusCode), Time(d.NextAttemptTime), d.LastError }));

    /// <summary>A state in the word that people use: "dead".</summary>
    public static string Of(DeliveryStatus status) => status == DeliveryStatus.Unspecified ? "" : RpcText.Of(status).ToLowerInvariant();

    public static IRenderable Picture(Webhook webhook) => Facts(
        ("webhook", webhook.Id),
        ("url", webhook.Url),
        ("events", string.Join(' ', webhook.EventTypes)),
        ("role", webhook.Role),
        ("description", webhook.Description),
        ("on", webhook.Enabled ? "yes" : $"no: {(webhook.DisabledReason == DisabledReason.Gone ? "its receiver answered 410 Gone" : "switched off")}"),
        ("secret", $"number {Number(webhook.SecretGeneration)}"
            + (webhook.PreviousSecretExpireTime is { } until ? $"; the one before signs as well until {Time(until)} UTC" : "")),
        ("created", $"{Time(webhook.CreateTime)} UTC by {webhook.CreatedBy}"),
        ("version", webhook.Version.ToString(CultureInfo.InvariantCulture)));

    /// <summary>A delivery with what is posted and how its attempts went.</summary>
    public static IRenderable Picture(GetDeliveryResponse found)
    {
        var delivery = found.Delivery;
        var facts = Facts(
            ("delivery", delivery.Id),
            ("webhook", delivery.WebhookId),
            ("webhook-id", delivery.EventId),
            ("event", delivery.EventType),
            ("status", Of(delivery.Status)),
            ("queued", $"{Time(delivery.CreateTime)} UTC"),
            ("next", delivery.NextAttemptTime is null ? "" : $"{Time(delivery.NextAttemptTime)} UTC"),
            ("ended", delivery.FinishTime is null ? "" : $"{Time(delivery.FinishTime)} UTC"),
            ("body", found.Body));
        var attempts = Fill(Terminal.NewTable("attempt", "begun (UTC)", "took", "answered", "error", "answer"),
            found.Attempts.Select(a => new[] { Number(a.Number), Time(a.StartTime), $"{a.Duration.ToTimeSpan().TotalMilliseconds:0} ms", Code(a.StatusCode), a.Error, a.Answer }));
        return found.Attempts.Count == 0 ? facts : new Rows(facts, attempts);
    }

    private static Grid Facts(params (string Name, string Value)[] facts)
    {
        var list = Terminal.NewList();
        foreach (var (name, value) in facts.Where(f => f.Value.Length > 0))
            list.AddRow(new Text(name), new Text(PlainText.Of(value)));
        return list;
    }

    private static Table Fill(Table table, IEnumerable<string[]> rows)
    {
        foreach (var column in table.Columns.SkipLast(1))
            column.NoWrap();
        foreach (var cells in rows)
            table.AddRow(cells.Select(c => new Text(PlainText.Of(c))));
        return table;
    }

    private static string Number(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static string Code(int statusCode) => statusCode == 0 ? "" : Number(statusCode);

    private static string Time(Timestamp? time) => time?.ToDateTime().ToString(TimeForm, CultureInfo.InvariantCulture) ?? "";
}
