using System.Buffers.Binary;

namespace AgentPlatform;

/// <summary>
/// Answers of calls with an idempotency key, in Redis, so that a repeat need not ask Postgres. Only ever a copy: an answer that
/// is missing here is found in the table.
/// Key: <c>SERVICE:idempotency:SHA-256 of caller, method and key</c>. Value: when it ends (8 bytes, milliseconds since 1970,
/// by the platform's clock, which need not be Redis's), the request's fingerprint (32 bytes), the answer.
/// </summary>
public sealed class AnswerCache(Cache cache, ServiceName service, IdempotencySettings settings, TimeProvider clock)
{
    private const int EndBytes = sizeof(long);
    private const int HeadBytes = EndBytes + 32;

    // A larger answer is rarely asked for twice, and would push many small ones out.
    private const int MaximumAnswerBytes = 64 * 1024;

    /// <summary>The fingerprint and the answer, or null when Redis has none or does not answer at once.</summary>
    public async Task<(byte[] Fingerprint, byte[] Answer)?> FindAsync(IdempotentCall call)
    {
        var value = await cache.GetAsync(KeyOf(call));
        if (value is not { Length: >= HeadBytes })
            return null;
        var end = BinaryPrimitives.ReadInt64BigEndian(value);
        var isKept = end > clock.GetUtcNow().ToUnixTimeMilliseconds() && !(end - (long)settings.Retention.TotalMilliseconds <= call.Since?.ToUnixTimeMilliseconds());
        return isKept ? (value[EndBytes..HeadBytes], value[HeadBytes..]) : null;
    }

    /// <summary>Keeps an answer that was committed at this time. Nobody waits for it.</summary>
    public void Keep(IdempotentCall call, byte[] answer, DateTimeOffset createdAt)
    {
        var left = createdAt + settings.Retention - clock.GetUtcNow();
        var lifetime = left < settings.CachedFor ? left : settings.CachedFor;
        if (answer.Length > MaximumAnswerBytes || lifetime <= TimeSpan.Zero)
            return;
        var end = new byte[EndBytes];
        BinaryPrimitives.WriteInt64BigEndian(end, (createdAt + settings.Retention).ToUnixTimeMilliseconds());
        cache.Set(KeyOf(call), [.. end, .. call.Fingerprint, .. answer], lifetime);
    }

    private string KeyOf(IdempotentCall call) =>
        $"{service.Name}:idempotency:{Convert.ToHexStringLower(call.IdentityHash)}";
}
