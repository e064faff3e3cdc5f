using System.Collections.Concurrent;
using StackExchange.Redis;

namespace AgentPlatform;

/// <summary>
/// Tells whoever waits for a change, on whichever instance of the service, that there may be one. Only ever a hint: who wakes looks into
/// Postgres, and who hears nothing looks every now and then by himself. So a Redis that is gone makes watchers slower, not wrong.
/// A topic is a short name, such as <c>session/0197…</c>.
/// </summary>
public sealed class Wakeups(Cache cache, ServiceName service)
{
    private const char Separator = '\n';

    // A message of some ten KiB at most.
    private const int TopicsAtOnce = 256;

    // A topic that comes alone is sent at once; of many that come one after the other, those of this time go together. Each message costs Redis and every instance, this one too, as much as a small call.
    private static readonly TimeSpan GatherFor = TimeSpan.FromMilliseconds(5);

    private readonly ConcurrentDictionary<string, ConcurrentDictionary<Wakeup, byte>> _waiting = new(StringComparer.Ordinal);
    private readonly string _channel = $"{service.Name}:wakeups";
    private readonly ConcurrentDictionary<string, Action<string>> _hearing = new(StringComparer.Ordinal);
    private readonly string _self = Guid.NewGuid().ToString("N");

    // On their way to the other instances.
    private readonly ConcurrentQueue<string> _leaving = new();
    private int _isSending;

    /// <summary>Begins to listen. Begin before you look, or a change between the look and the wait is heard late.</summary>
    public Wakeup Listen(string topic)
    {
        var wakeup = new Wakeup(this, topic);
        // The set may be removed by its last listener in this moment; then the next turn makes another.
        while (true)
        {
            var listeners = _waiting.GetOrAdd(topic, _ => new());
            listeners[wakeup] = 0;
            if (_waiting.TryGetValue(topic, out var present) && ReferenceEquals(present, listeners))
                return wakeup;
        }
    }

    /// <summary>
    /// Calls this with every topic that begins so, for as long as the process lives: for whoever waits for more topics than a listener each would be good
    /// for. It must be quick, and look every now and then by itself.
    /// </summary>
    public void Hear(string prefix, Action<string> heard) => _hearing[prefix] = heard;

    /// <summary>Wakes this process's listeners at once, and the other instances' through Redis, some milliseconds later when there is much to send: what comes meanwhile goes in one message.</summary>
    public void Signal(string topic)
    {
        WakeHere(topic);
        _leaving.Enqueue(topic);
        if (Interlocked.Exchange(ref _isSending, 1) == 0)
            ThreadPool.UnsafeQueueUserWorkItem(static wakeups => _ = wakeups.SendAllAsync(), this, preferLocal: false);
    }

    /// <summary>Hears the other instances from now on.</summary>
    internal void Use(IConnectionMultiplexer redis) =>
        redis.GetSubscriber().Subscribe(new RedisChannel(_channel, RedisChannel.PatternMode.Literal), (_, message) =>
        {
            var (sender, topics) = Split(message.ToString());
            if (sender == _self)
                return;
            foreach (var topic in topics.Split(Separator))
                WakeHere(topic);
        }, CommandFlags.FireAndForget);

    internal void Remove(Wakeup wakeup)
    {
        if (!_waiting.TryGetValue(wakeup.Topic, out var listeners))
            return;
        listeners.TryRemove(wakeup, out _);
        if (listeners.IsEmpty && _waiting.TryRemove(new(wakeup.Topic, listeners)))
        {
            // Somebody came in between: they must not wait for a set that nobody finds.
            foreach (var late in listeners.Keys)
                _waiting.GetOrAdd(wakeup.Topic, _ => new())[late] = 0;
        }
    }

    private void WakeHere(string topic)
    {
        if (_waiting.TryGetValue(topic, out var listeners))
            foreach (var wakeup in listeners.Keys)
                wakeup.Set();
        foreach (var (prefix, heard) in _hearing)
            if (topic.StartsWith(prefix, StringComparison.Ordinal))
                heard(topic);
    }

    private async Task SendAllAsync()
    {
        do
        {
            try
            {
                while (!_leaving.IsEmpty)
                {
                    SendSome();
                    if (_leaving.Count < TopicsAtOnce)
                        await Task.Delay(GatherFor);
                }
            }
            // Whatever went wrong with some, the next ones are sent.
            finally { Interlocked.Exchange(ref _isSending, 0); }
        }
        // Whoever came between the last look and this has started nobody.
        while (!_leaving.IsEmpty && Interlocked.Exchange(ref _isSending, 1) == 0);
    }

    private void SendSome()
    {
        var topics = new HashSet<string>(StringComparer.Ordinal);
        while (topics.Count < TopicsAtOnce && _leaving.TryDequeue(out var topic))
            topics.Add(topic);
        cache.Publish(_channel, $"{_self} {string.Join(Separator, topics)}");
    }

    private static (string Sender, string Topics) Split(string message) =>
        message.IndexOf(' ') is > 0 and var blank ? (message[..blank], message[(blank + 1)..]) : ("", "");
}
