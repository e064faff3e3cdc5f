using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace AgentPlatform;

/// <summary>
/// Redis as something that may be gone: every question has a short time to be answered, and after a failure nobody asks for a
/// moment, so that a Redis which hangs does not slow every call down.
/// </summary>
public sealed partial class Cache(TimeProvider clock, ILogger<Cache> log)
{
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(1);

    private volatile IConnectionMultiplexer? _redis;
    private volatile bool _paused;
    private long _pausedSince;

    /// <summary>Redis can be asked from now on; until then it counts as gone.</summary>
    public void Use(IConnectionMultiplexer redis) => _redis = redis;

    /// <summary>Runs a Lua script; null when Redis does not answer within this time.</summary>
    public async Task<RedisResult?> EvaluateAsync(string script, RedisKey[] keys, RedisValue[] values, TimeSpan within)
    {
        if (Connected() is not { } database)
            return null;
        try { return await database.ScriptEvaluateAsync(script, keys, values).WaitAsync(within, clock); }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
        {
            Pause(e);
            return null;
        }
    }

    /// <summary>Sends a message to a channel, if Redis is there. Nobody waits for it.</summary>
    public void Publish(string channel, string message)
    {
        if (Connected() is not { } database)
            return;
        try { database.Publish(new RedisChannel(channel, RedisChannel.PatternMode.Literal), message, CommandFlags.FireAndForget); }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException) { Pause(e); }
    }

    private IDatabase? Connected()
    {
        if (_paused)
        {
            if (clock.GetElapsedTime(Volatile.Read(ref _pausedSince)) < PauseAfterFailure)
                return null;
            _paused = false;
        }
        return _redis?.GetDatabase();
    }

    private void Pause(Exception exception)
    {
        Volatile.Write(ref _pausedSince, clock.GetTimestamp());
        _paused = true;
        Unanswered(log, exception.Message);
    }

    [LoggerMessage(LogLevel.Warning, "Redis does not answer; for the next second it goes without ({Cause})")]
    private static partial void Unanswered(ILogger log, string cause);
}
