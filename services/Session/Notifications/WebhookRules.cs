using AgentPlatform.Contracts.Session.V1;

namespace AgentPlatform.Sessions;

/// <summary>What a webhook may be. No I/O.</summary>
public static class WebhookRules
{
    /// <summary>Each is looked at whenever something is due, so this bounds what a turn costs, and what a process sends at once.</summary>
    public const int MaximumWebhooks = 100;

    public const int MaximumReplays = 1_000;
    public const int ShownAttempts = 100;
    private const int UrlMaximumCharacters = 2_048;
    private const int DescriptionMaximumCharacters = 500;

    private const string UrlPath = "url";
    private const string EventTypesPath = "event_types";
    private const string RolePath = "role";
    private const string DescriptionPath = "description";
    private const string EnabledPath = "enabled";
    private static readonly string[] Changeable = [UrlPath, EventTypesPath, RolePath, DescriptionPath, EnabledPath];

    public static void Check(CreateWebhookRequest request, TargetPolicy policy, out string[] eventTypes)
    {
        var checks = new FieldChecks();
        Url(checks, request.Url, policy);
        EventTypes(checks, request.EventTypes, out eventTypes);
        Role(checks, request.Role);
        checks.Text(DescriptionPath, request.Description, DescriptionMaximumCharacters).ThrowIfAny();
    }

    public static void Check(UpdateWebhookRequest request, TargetPolicy policy, out Guid id)
    {
        var checks = new FieldChecks()
            .Id("id", request.Id, out id)
            .Require(request.UpdateMask is { Paths.Count: > 0 }, "update_mask", "is required")
            .Require(request.UpdateMask is null || request.UpdateMask.Paths.All(Changeable.Contains), "update_mask", $"may name {string.Join(", ", Changeable)} alone")
            .Require(request.Version >= 0, "version", "is negative")
            .Text(DescriptionPath, request.Description, DescriptionMaximumCharacters);
        var mask = request.UpdateMask?.Paths ?? [];
        if (mask.Contains(UrlPath))
            Url(checks, request.Url, policy);
        if (mask.Contains(EventTypesPath))
            EventTypes(checks, request.EventTypes, out _);
        if (mask.Contains(RolePath))
            Role(checks, request.Role);
        checks.ThrowIfAny();
    }

    /// <summary>The webhook with what the mask names taken over.</summary>
    public static WebhookRecord Apply(WebhookRecord webhook, UpdateWebhookRequest request)
    {
        var mask = request.UpdateMask.Paths;
        if (request.Version != 0 && request.Version != webhook.Version)
            throw ConcurrentUpdate(webhook.Id);
        var changed = webhook with
        {
            Url = mask.Contains(UrlPath) ? request.Url : webhook.Url,
            EventTypes = mask.Contains(EventTypesPath) ? Sorted(request.EventTypes) : webhook.EventTypes,
            Role = mask.Contains(RolePath) ? request.Role : webhook.Role,
            Description = mask.Contains(DescriptionPath) ? request.Description : webhook.Description,
        };
        if (!mask.Contains(EnabledPath) || request.Enabled == webhook.Enabled)
            return changed;
        return changed with { Enabled = request.Enabled, DisabledReason = request.Enabled ? DisabledReason.Unspecified : DisabledReason.ByPerson };
    }

    /// <summary>The webhook with a new secret, and for a time the present one beside it.</summary>
    public static WebhookRecord Rotate(WebhookRecord webhook, string keyId, DateTimeOffset previousUntil) => webhook with
    {
        SecretGeneration = webhook.SecretGeneration + 1,
        SecretKeyId = keyId,
        PreviousKeyId = webhook.SecretKeyId,
        PreviousUntil = previousUntil,
    };

    public static void Check(ListDeliveriesRequest request, out Guid? webhookId) => new FieldChecks()
        .KnownOrUnspecified("status", request.Status)
        .OptionalId("webhook_id", request.WebhookId, out webhookId)
        .ThrowIfAny();

    public static WebhookRecord Found(WebhookRecord? webhook, Guid id) => webhook ?? throw NotFound(id);

    /// <summary>The webhook if it is there and on.</summary>
    public static WebhookRecord FoundEnabled(WebhookRecord? webhook, Guid id) => Found(webhook, id) is { Enabled: true } on ? on
        : throw Errors.FailedPrecondition("WEBHOOK_DISABLED", "The webhook is off; switch it on first.");

    public static DeliveryRecord Found(DeliveryRecord? delivery, Guid id) =>
        delivery ?? throw Errors.NotFound("DELIVERY_NOT_FOUND", $"There is no delivery {id}.");

    /// <summary>The delivery if it is there and at its end.</summary>
    public static DeliveryRecord FoundEnded(DeliveryRecord? delivery, Guid id) => Found(delivery, id) is { Status: not DeliveryStatus.Queued } ended ? ended
        : throw Errors.FailedPrecondition("DELIVERY_QUEUED", "It is queued already.");

    public static PlatformException NotFound(Guid id) => Errors.NotFound("WEBHOOK_NOT_FOUND", $"There is no webhook {id}.");

    public static PlatformException ConcurrentUpdate(Guid id) => Errors.ConcurrentUpdate($"Webhook {id}");

    /// <summary>There is nothing to make a secret from.</summary>
    public static PlatformException Off() => Errors.FailedPrecondition("WEBHOOKS_OFF", "This platform has no key for the secrets of webhooks: Webhooks:KeyFile is not set.");

    public static PlatformException TooMany() => Errors.FailedPrecondition("TOO_MANY_WEBHOOKS", $"There are {MaximumWebhooks} webhooks; that is the most.");

    // Plain ASCII, so that what a person reads in it, what we check and what is connected to cannot differ: other letters are written as RFC 3986 and RFC 3492 have it.
    private static void Url(FieldChecks checks, string url, TargetPolicy policy)
    {
        if (url.Length is 0 or > UrlMaximumCharacters || url.Any(c => c is <= ' ' or > '~' or '\\'))
        {
            checks.Require(url.Length > 0, UrlPath, "is required").Require(url.Length <= UrlMaximumCharacters, UrlPath, $"is longer than {UrlMaximumCharacters:N0} characters")
                .Require(!url.Any(c => c is <= ' ' or > '~' or '\\'), UrlPath, "has characters that are none of a URL's; write them percent-encoded, and host names as punycode");
            return;
        }
        if (!Uri.TryCreate(url, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || uri.HostNameType is UriHostNameType.Unknown or UriHostNameType.Basic)
        {
            checks.Require(false, UrlPath, "is not an absolute URL with a host");
            return;
        }
        checks.Require(uri.Scheme == Uri.UriSchemeHttps || uri.Scheme == Uri.UriSchemeHttp && policy.AllowsHttp, UrlPath, policy.AllowsHttp ? "must be https or http" : "must be https")
            .Require(uri.UserInfo.Length == 0, UrlPath, "has a user name or a password; the signature says who sends")
            .Require(uri.Fragment.Length == 0, UrlPath, "has a fragment, which is never sent")
            .Require(uri.Port > 0, UrlPath, "has no port that can be connected to")
            .Require(!policy.IsPlainlyRefused(uri.Host), UrlPath, "names a private address or a local host, which Webhooks:AllowPrivateTargets does not allow");
    }

    private static void EventTypes(FieldChecks checks, ICollection<string> given, out string[] eventTypes)
    {
        eventTypes = Sorted(given);
        checks.Require(given.Count > 0, EventTypesPath, "is required")
            .Require(given.All(NoticeTypes.All.Contains), EventTypesPath, $"may name {string.Join(", ", NoticeTypes.All)} alone");
    }

    private static void Role(FieldChecks checks, string role)
    {
        if (role.Length > 0)
            checks.Name(RolePath, role);
    }

    private static string[] Sorted(IEnumerable<string> eventTypes) => [.. eventTypes.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
}
