using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>
/// Takes heartbeats: in memory, and to Postgres in batches, so that none costs a transaction of its own. One that makes an agent online is answered when that is
/// written; the others at once. An instance that dies takes a tenth of a second of them along, which is nothing beside the silence that makes an agent offline. There
/// is no copy in Redis: it would have to be written as often, and when it is lost it must not matter.
/// </summary>
public sealed partial class Presence(Database database, PresenceStore store, AgentViews views, AgentStore agents, TimeProvider clock, ILogger<Presence> log)
    : BackgroundService
{
    private const int BatchMaximum = 5_000;

    // Often, so that each time it is little: at 10,000 a second, what comes in half a second keeps a core of Postgres busy for so long that calls wait behind it.
    private static readonly TimeSpan WriteEvery = TimeSpan.FromMilliseconds(100);

    // While nothing can be written, nobody is to be told for long that its heartbeats are taken: another instance may fare better.
    private static readonly TimeSpan UnwrittenMaximum = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _hurry = new(0, 1);
    private readonly SemaphoreSlim _writing = new(1, 1);
    private Dictionary<string, Beat> _beats = new(StringComparer.Ordinal);
    private TaskCompletionSource _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _lastWrittenAt = clock.GetTimestamp();

    /// <summary>Notes that the agent lives; gives back how it stands, or refuses it.</summary>
    public async Task<AgentView> BeatAsync(string agentId, Beat beat)
    {
        var view = await views.GetAsync(agentId);
        // The view may be from before a registration elsewhere.
        if (view is null || !view.Admits(beat.Epoch))
            view = await views.ReadAsync(agentId);
        if (view is null || !view.Admits(beat.Epoch))
            throw await WhyRefusedAsync(agentId, beat.Epoch);
        if (clock.GetElapsedTime(Volatile.Read(ref _lastWrittenAt)) > UnwrittenMaximum)
            throw new PlatformException(Grpc.Core.StatusCode.Unavailable, "DEPENDENCY_UNAVAILABLE", "Heartbeats cannot be written here; try another instance.")
            {
                RetryAfter = TimeSpan.FromSeconds(1),
            };
        var written = Note(agentId, beat);
        if (view.IsOnline)
            return view;
        Hurry();
        await written;
        // It may have been fenced or disabled while its heartbeat was on the way.
        view = await views.ReadAsync(agentId);
        return view?.Admits(beat.Epoch) is true ? view : throw await WhyRefusedAsync(agentId, beat.Epoch);
    }

    /// <summary>Writes all that was taken until now.</summary>
    public async Task WriteAsync(CancellationToken cancellation)
    {
        await _writing.WaitAsync(cancellation);
        try
        {
            var (beats, written) = Take();
            try
            {
                foreach (var some in beats.Chunk(BatchMaximum))
                    await WriteAsync(some, cancellation);
                Volatile.Write(ref _lastWrittenAt, clock.GetTimestamp());
                written.TrySetResult();
            }
            catch (Exception e)
            {
                PutBack(beats);
                written.TrySetException(e is NpgsqlException ? Errors.Unavailable("The database", e) : e);
                // Nobody may be waiting for it.
                _ = written.Task.Exception;
                throw;
            }
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <inheritdoc />
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await _hurry.WaitAsync(WriteEvery, stoppingToken);
                await WriteAsync(stoppingToken);
            }
            // What was not written is still here for the next turn.
            catch (Exception e) when (e is NpgsqlException or PlatformException or TimeoutException) { CannotWrite(log, e); }
        }
    }

    private async Task WriteAsync(KeyValuePair<string, Beat>[] beats, CancellationToken cancellation)
    {
        await using var work = await database.BeginAsync(cancellation);
        var told = await store.WriteAsync(work, beats);
        foreach (var (agentId, cameOnline) in told)
            if (cameOnline)
                work.Wake(AgentViews.Topics + agentId);
        if (told.Exists(t => t.CameOnline))
            work.Wake(AgentEvents.Topic);
        await work.CommitAsync();
        foreach (var (agentId, _) in told)
            views.Forget(agentId);
    }

    private Task Note(string agentId, Beat beat)
    {
        lock (_lock)
        {
            // Of two processes at once, the older one's beat must not hide the younger one's.
            if (!_beats.TryGetValue(agentId, out var other) || other.Epoch <= beat.Epoch)
                _beats[agentId] = beat;
            return _written.Task;
        }
    }

    private (Dictionary<string, Beat> Beats, TaskCompletionSource Written) Take()
    {
        lock (_lock)
        {
            var taken = (_beats, _written);
            _beats = new(StringComparer.Ordinal);
            _written = new(TaskCreationOptions.RunContinuationsAsynchronously);
            return taken;
        }
    }

    private void PutBack(Dictionary<string, Beat> beats)
    {
        lock (_lock)
            foreach (var (agentId, beat) in beats)
                _beats.TryAdd(agentId, beat);
    }

    private void Hurry()
    {
        if (_hurry.CurrentCount > 0)
            return;
        try { _hurry.Release(); }
        // Somebody else was first.
        catch (SemaphoreFullException) { }
    }

    private async Task<PlatformException> WhyRefusedAsync(string agentId, long epoch)
    {
        await using var work = await database.BeginAsync(CancellationToken.None);
        return RegistryRules.WhyRefused(await agents.FindAsync(work, agentId), agentId, epoch);
    }

    [LoggerMessage(LogLevel.Warning, "Heartbeats cannot be written; they are kept and tried again")]
    private static partial void CannotWrite(ILogger log, Exception exception);
}
