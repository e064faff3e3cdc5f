using System.Collections.Concurrent;

namespace AgentPlatform.Vault.Tables;

/// <summary>
/// Bounds how many tables an instance reads at once, since each costs memory (some 150 MB at worst) and a processor, and how long one may take: whoever does not
/// take its rows must not keep others from theirs. One caller gets half of the places at most.
/// </summary>
public sealed class TableGate(VaultSettings settings, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _places = new(settings.TablesAtOnce);
    private readonly ConcurrentDictionary<string, int> _callers = new(StringComparer.Ordinal);

    public async Task RunAsync(string caller, CancellationToken cancellation, Func<CancellationToken, Task> read)
    {
        var ofCaller = Math.Max(1, settings.TablesAtOnce / 2);
        if (_callers.AddOrUpdate(caller, 1, (_, count) => count + 1) is var count && (count > ofCaller || !_places.Wait(TimeSpan.Zero, CancellationToken.None)))
        {
            Leave(caller);
            throw TableRules.TooMany(settings.TablesAtOnce, RetryAfter);
        }
        try
        {
            using var limit = new CancellationTokenSource(settings.TableTimeLimit, clock);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation, limit.Token);
            try { await read(stop.Token); }
            catch (OperationCanceledException) when (limit.IsCancellationRequested && !cancellation.IsCancellationRequested)
            {
                throw TableRules.NotTaken(settings.TableTimeLimit);
            }
        }
        finally
        {
            _places.Release();
            Leave(caller);
        }
    }

    public void Dispose() => _places.Dispose();

    // Counted down to nothing, a caller is forgotten, unless it has just come again.
    private void Leave(string caller)
    {
        _callers.AddOrUpdate(caller, 0, (_, count) => count - 1);
        _callers.TryRemove(KeyValuePair.Create(caller, 0));
    }
}
