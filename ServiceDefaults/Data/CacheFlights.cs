using StackExchange.Redis;

namespace AgentPlatform;

/// <summary>
/// Gathers what the calls of a service ask of Redis: while one round trip is on its way, the next one's questions and values collect.
/// A lone call waits for nobody; of many at once, each pays a share of one message instead of two of its own.
/// </summary>
internal sealed class CacheFlights(TimeProvider clock, Action<Exception> onFailure)
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMilliseconds(50);

    // So many as make a message of a few dozen kilobytes; what lies beyond takes the next one.
    private const int MaximumOfAKind = 256;

    // A program of its own for each number of values would fill Redis' memory of programs: this one takes any.
    private const string SetAll = "for i, key in ipairs(KEYS) do redis.call('SET', key, ARGV[2 * i - 1], 'PX', ARGV[2 * i]) end";

    private readonly Lock _lock = new();
    private readonly Queue<(string Key, TaskCompletionSource<byte[]?> Answer)> _gets = [];
    private readonly Queue<(string Key, byte[] Value, TimeSpan Lifetime)> _sets = [];
    private bool _isFlying;

    /// <summary>The value, or null when there is none or Redis does not answer in time.</summary>
    public Task<byte[]?> GetAsync(IDatabase database, string key)
    {
        var answer = new TaskCompletionSource<byte[]?>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _gets.Enqueue((key, answer));
            if (_isFlying)
                return answer.Task;
            _isFlying = true;
        }
        _ = FlyAsync(database);
        return answer.Task;
    }

    /// <summary>Keeps a value for a time. A later <see cref="GetAsync"/> of this process sees it.</summary>
    public void Set(IDatabase database, string key, byte[] value, TimeSpan lifetime)
    {
        lock (_lock)
        {
            _sets.Enqueue((key, value, lifetime));
            if (_isFlying)
                return;
            _isFlying = true;
        }
        _ = FlyAsync(database);
    }

    private async Task FlyAsync(IDatabase database)
    {
        while (Next() is var (gets, sets))
        {
            try
            {
                // In this order on one connection, so that a value is there for a question that came after it.
                var stored = sets.Length == 0 ? Task.CompletedTask : StoreAsync(database, sets);
                var answered = gets.Length == 0 ? stored : AnswerAsync(database, gets);
                await answered.WaitAsync(AnswerTimeout, clock);
                await stored.WaitAsync(AnswerTimeout, clock);
            }
            // Whatever it is: a flight that ended unseen would leave all that follow on the ground.
            catch (Exception e)
            {
                onFailure(e);
                GiveUp(gets);
            }
        }
    }

    // Who has asked meanwhile would wait as long again, for nothing.
    private void GiveUp((string Key, TaskCompletionSource<byte[]?> Answer)[] asked)
    {
        foreach (var (_, answer) in asked)
            answer.TrySetResult(null);
        lock (_lock)
        {
            _sets.Clear();
            while (_gets.TryDequeue(out var waiting))
                waiting.Answer.TrySetResult(null);
        }
    }

    private static async Task AnswerAsync(IDatabase database, (string Key, TaskCompletionSource<byte[]?> Answer)[] gets)
    {
        var values = await database.StringGetAsync(Array.ConvertAll(gets, g => (RedisKey)g.Key));
        for (var i = 0; i < gets.Length; i++)
            gets[i].Answer.TrySetResult(values[i]);
    }

    private static Task StoreAsync(IDatabase database, (string Key, byte[] Value, TimeSpan Lifetime)[] sets) => database.ScriptEvaluateAsync(
        SetAll, Array.ConvertAll(sets, s => (RedisKey)s.Key),
        [.. sets.SelectMany(s => new RedisValue[] { s.Value, (long)s.Lifetime.TotalMilliseconds })]);

    private ((string Key, TaskCompletionSource<byte[]?> Answer)[] Gets, (string Key, byte[] Value, TimeSpan Lifetime)[] Sets)? Next()
    {
        lock (_lock)
        {
            if (_gets.Count + _sets.Count > 0)
                return (Take(_gets), Take(_sets));
            _isFlying = false;
            return null;
        }
    }

    private static T[] Take<T>(Queue<T> queue)
    {
        var taken = new T[Math.Min(queue.Count, MaximumOfAKind)];
        for (var i = 0; i < taken.Length; i++)
            taken[i] = queue.Dequeue();
        return taken;
    }
}
