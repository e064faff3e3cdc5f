using System.Collections.Concurrent;
using Grpc.Core;

namespace AgentPlatform.Vault.Tables;

/// <summary>
/// Bounds how many tables an instance reads at once, since each costs memory (`bench tables` tells how much) and a processor, and how long one may take: whoever does not
/// take its rows must not keep others from theirs. One caller gets half of the places at most.
/// </summary>
public sealed class TableGate(VaultSettings settings, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _places = new(settings.TablesAtOnce);
    private readonly ConcurrentDictionary<string, int> _callers = new(StringComparer.Ordinal);

    /// <summary>Takes a place, which is given back by disposing of what is returned. RESOURCE_EXHAUSTED <c>TOO_MANY_TABLES</c> when there is none.</summary>
    public IDisposable Enter(ServerCallContext context)
    {
        var (caller, ofCaller) = (context.Caller().Subject, Math.Max(1, settings.TablesAtOnce / 2));
        if (_callers.AddOrUpdate(caller, 1, (_, count) => count + 1) <= ofCaller && _places.Wait(TimeSpan.Zero))
            return new Place(this, caller);
        Leave(caller);
        throw TableRules.TooMany(settings.TablesAtOnce, RetryAfter);
    }

    /// <summary>
    /// Runs a reading as long as it may take. After that it is DEADLINE_EXCEEDED <c>TABLE_TOO_SLOW</c>; when it waits for its caller to take what was sent, there is no
    /// way to say so, and the stream is cut off.
    /// </summary>
    public async Task LimitAsync(ServerCallContext context, Func<CancellationToken, Task> read)
    {
        using var limit = new CancellationTokenSource(settings.TableTimeLimit, clock);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, limit.Token);
        try
        {
            await read(stop.Token);
        }
        catch (OperationCanceledException) when (limit.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            throw TableRules.TooSlow(settings.TableTimeLimit);
        }
    }

    public void Dispose() => _places.Dispose();

    // Counted down to nothing, a caller is forgotten, unless it has just come again.
    private void Leave(string caller)
    {
        _callers.AddOrUpdate(caller, 0, (_, count) => count - 1);
        _callers.TryRemove(KeyValuePair.Create(caller, 0));
    }

    private sealed class Place(TableGate gate, string caller) : IDisposable
    {
        public void Dispose()
        {
            gate._places.Release();
            gate.Leave(caller);
        }
    }
}
