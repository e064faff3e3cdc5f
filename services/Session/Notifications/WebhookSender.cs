using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace AgentPlatform.Sessions;

/// <summary>
/// Posts messages. Follows no redirect, takes no cookie and no proxy, unpacks nothing, and reads no more of an answer than a few kilobytes: whoever receives
/// is not to be trusted.
/// </summary>
public sealed class WebhookSender : IDisposable
{
    private const int AnswerMaximumBytes = 8 * 1024;
    private const int AnswerKeptCharacters = 1_000;
    private const int ErrorKeptCharacters = 500;
    private const int AnswerHeadersMaximumKilobytes = 16;
    private const string UserAgent = "AgentPlatform-Webhooks/1";

    // So that a name which moves is resolved, and its addresses are looked at, anew.
    private static readonly TimeSpan ConnectionLifetime = TimeSpan.FromMinutes(2);

    private readonly HttpClient _client;
    private readonly WebhookKeys _keys;
    private readonly WebhookSettings _settings;
    private readonly TimeProvider _clock;

    public WebhookSender(TargetConnector connector, WebhookKeys keys, WebhookSettings settings, TimeProvider clock)
    {
        (_keys, _settings, _clock) = (keys, settings, clock);
        _client = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = (context, cancellation) => connector.ConnectAsync(context.DnsEndPoint, cancellation),
            ConnectTimeout = settings.Timeout,
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxResponseHeadersLength = AnswerHeadersMaximumKilobytes,
            MaxResponseDrainSize = 0,
            PooledConnectionLifetime = ConnectionLifetime,
            // Neither our trace ids to strangers, nor addresses that hold somebody's token into our traces.
            ActivityHeadersPropagator = null,
        })
        { Timeout = Timeout.InfiniteTimeSpan };
    }

    /// <summary>Makes one attempt. Whatever goes wrong is its outcome; only <paramref name="abandon"/> ends it without one.</summary>
    public async Task<AttemptOutcome> SendAsync(DueDelivery due, CancellationToken abandon)
    {
        var (startedAt, started) = (_clock.GetUtcNow(), _clock.GetTimestamp());
        using var timeout = new CancellationTokenSource(_settings.Timeout, _clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, abandon);
        AttemptOutcome Ended(int statusCode, string error, string answer = "", TimeSpan? retryAfter = null) => new(
            due, startedAt, (int)_clock.GetElapsedTime(started).TotalMilliseconds, statusCode, Plain(error, ErrorKeptCharacters), Plain(answer, AnswerKeptCharacters), retryAfter);
        try
        {
            using var request = NewRequest(due, startedAt);
            using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            return Ended((int)answer.StatusCode, ErrorOf(answer), await ReadBeginningAsync(answer.Content, either.Token), RetryAfterOf(answer.Headers.RetryAfter));
        }
        catch (OperationCanceledException) when (abandon.IsCancellationRequested) { throw; }
        catch (OperationCanceledException) when (timeout.IsCancellationRequested)
        {
            return Ended(0, $"no answer within {_settings.Timeout.TotalSeconds.ToString("0.#", CultureInfo.InvariantCulture)} s");
        }
        // No connection, no TLS, no HTTP, no such host, no key: in the words of whoever noticed.
        catch (Exception e) { return Ended(0, e.GetBaseException().Message); }
    }

    public void Dispose() => _client.Dispose();

    private HttpRequestMessage NewRequest(DueDelivery due, DateTimeOffset now)
    {
        var content = new ByteArrayContent(Encoding.UTF8.GetBytes(due.Body));
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var request = new HttpRequestMessage(HttpMethod.Post, due.Url) { Content = content };
        request.Headers.TryAddWithoutValidation("webhook-id", due.EventId.ToString());
        request.Headers.TryAddWithoutValidation("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.TryAddWithoutValidation("webhook-signature", WebhookSignature.Of(SecretsOf(due), due.EventId, now, due.Body));
        request.Headers.TryAddWithoutValidation("user-agent", UserAgent);
        return request;
    }

    private IEnumerable<byte[]> SecretsOf(DueDelivery due)
    {
        yield return _keys.SecretOf(due.WebhookId, due.SecretGeneration, due.SecretKeyId)
            ?? throw new InvalidOperationException("the key that its secret is made from is not in Webhooks:KeyFile; rotate the secret, or put the key back");
        if (due.PreviousKeyId.Length > 0 && _keys.SecretOf(due.WebhookId, due.SecretGeneration - 1, due.PreviousKeyId) is { } previous)
            yield return previous;
    }

    private static string ErrorOf(HttpResponseMessage answer) => (int)answer.StatusCode switch
    {
        >= 200 and < 300 => "",
        >= 300 and < 400 and var code => $"answered {code}; redirects are not followed",
        var code => $"answered {code} {answer.StatusCode}",
    };

    private TimeSpan? RetryAfterOf(RetryConditionHeaderValue? value) => value?.Delta ?? value?.Date - _clock.GetUtcNow();

    // A body that is read to its end leaves the connection good for the next message; one that has none is left where it is. How the
    // attempt went was said before it.
    private static async Task<string> ReadBeginningAsync(HttpContent content, CancellationToken cancellation)
    {
        var (bytes, length) = (new byte[AnswerMaximumBytes], 0);
        try
        {
            await using var body = await content.ReadAsStreamAsync(cancellation);
            while (length < bytes.Length && await body.ReadAsync(bytes.AsMemory(length), cancellation) is > 0 and var read)
                length += read;
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException or IOException) { }
        return Encoding.UTF8.GetString(bytes, 0, length);
    }

    // Somebody else's text, for people and for Postgres: no control characters, and no half of a surrogate pair at its end.
    private static string Plain(string text, int maximum)
    {
        if (text.Length > maximum)
            text = char.IsHighSurrogate(text[maximum - 1]) ? text[..(maximum - 1)] : text[..maximum];
        return string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c));
    }
}
