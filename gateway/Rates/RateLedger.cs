using System.Globalization;
using StackExchange.Redis;

namespace AgentPlatform.Gateway;

/// <summary>
/// The budget of every caller, in Redis, so that all gateways take from one. A gateway takes a portion and spends it by itself; what portions hold counts as not yet
/// spent, so a budget and all portions of it together are never more than its size, however many gateways there are.
/// Keys: <c>gateway:rate:SUBJECT</c>, a hash of <c>tokens</c>, <c>at</c> (ms) and, for each gateway, its portion and when it ends; gone when it would be full.
/// </summary>
public sealed class RateLedger(Cache cache, RateSettings settings)
{
    /// <summary>How long a portion may be spent: what a gateway that died has taken along comes back after it.</summary>
    public static readonly TimeSpan PortionLifetime = TimeSpan.FromSeconds(30);

    // A question that is given up lets each gateway count for itself for a second, so a busy moment must not look like the end of Redis.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMilliseconds(250);

    // Of what is there: the emptier the budget, the smaller the portions, so that little lies where it is not wanted.
    private const int PortionShare = 8;

    // By Redis' own clock: those of gateways differ.
    private const string Take = """
        local capacity, per_ms, least, wanted, me = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), ARGV[5]
        local unspent, lifetime, share = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local state = redis.call('HGETALL', KEYS[1])
        local tokens, at, held, returned = capacity, now, 0, 0
        for i = 1, #state, 2 do
          local name, value = state[i], state[i + 1]
          if name == 'tokens' then tokens = tonumber(value)
          elseif name == 'at' then at = tonumber(value)
          else
            local portion, ends = string.match(value, '^(%S+) (%S+)$')
            if name == me then
              if tonumber(ends) > now then returned = math.min(unspent, tonumber(portion)) end
            elseif tonumber(ends) > now then held = held + tonumber(portion)
            else redis.call('HDEL', KEYS[1], name) end
          end
        end
        tokens = math.min(capacity - held, tokens + returned + math.max(0, now - at) * per_ms)
        local granted = 0
        if tokens >= least then
          granted = math.min(tokens, math.max(wanted, tokens / share))
          tokens = tokens - granted
          redis.call('HSET', KEYS[1], me, string.format('%.6f %.0f', granted, now + lifetime))
        else
          redis.call('HDEL', KEYS[1], me)
        end
        redis.call('HSET', KEYS[1], 'tokens', string.format('%.6f', tokens), 'at', string.format('%.0f', now))
        redis.call('PEXPIRE', KEYS[1], math.ceil(capacity / per_ms) + lifetime)
        return {string.format('%.6f', granted), string.format('%.6f', tokens)}
        """;

    private readonly string _self = Guid.NewGuid().ToString("N");

    /// <summary>Takes a portion of a caller's budget; null when Redis does not answer in time.</summary>
    /// <param name="subject">Whose.</param>
    /// <param name="least">The least that is of use.</param>
    /// <param name="wanted">What is waited for.</param>
    /// <param name="unspent">What is left of the portion before, which ends by this.</param>
    public async Task<(double Granted, double Left)?> TakeAsync(string subject, double least, double wanted, double unspent)
    {
        var answer = await cache.EvaluateAsync(Take, [$"gateway:rate:{subject}"],
        [
            settings.Burst, Text(settings.Calls / 60_000.0), Text(least), Text(wanted), _self,
            Text(unspent), (long)PortionLifetime.TotalMilliseconds, PortionShare,
        ], AnswerTimeout);
        return answer is not null && (string[]?)answer is [var granted, var left] ? (Number(granted), Number(left)) : null;
    }

    private static string Text(double number) => number.ToString("F9", CultureInfo.InvariantCulture);

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
