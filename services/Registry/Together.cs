namespace AgentPlatform.Registry;

/// <summary>
/// Does what many callers ask for at the same time in one go: while one lot is done, the next one collects. A lone caller waits for nobody.
/// </summary>
/// <param name="atOnce">How many go in one lot.</param>
/// <param name="run">Does a lot, and gives the answers in its order. What it throws is told to all of the lot.</param>
internal sealed class Together<TAsk, TAnswer>(int atOnce, Func<IReadOnlyList<TAsk>, Task<IReadOnlyList<TAnswer>>> run)
{
    private readonly Lock _lock = new();
    private readonly Queue<(TAsk Ask, TaskCompletionSource<TAnswer> Answer, CancellationToken Cancellation)> _waiting = new();
    private bool _isRunning;

    /// <summary>The answer to this. Who gives up before it is his turn is left out.</summary>
    public Task<TAnswer> AskAsync(TAsk ask, CancellationToken cancellation = default)
    {
        var answer = new TaskCompletionSource<TAnswer>(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (_lock)
        {
            _waiting.Enqueue((ask, answer, cancellation));
            if (_isRunning)
                return answer.Task;
            _isRunning = true;
        }
        // What it does is for many callers: the first one's trace must not go along.
        using (ExecutionContext.SuppressFlow())
            _ = RunAllAsync();
        return answer.Task;
    }

    private async Task RunAllAsync()
    {
        while (Next() is { Count: > 0 } lot)
        {
            try
            {
                var answers = await run(lot.ConvertAll(l => l.Ask));
                for (var i = 0; i < lot.Count; i++)
                    lot[i].Answer.TrySetResult(answers[i]);
            }
            // Whatever it is, it is the callers' to hear: one that was lost would leave them waiting for ever.
            catch (Exception e)
            {
                lot.ForEach(l => l.Answer.TrySetException(e));
            }
        }
    }

    private List<(TAsk Ask, TaskCompletionSource<TAnswer> Answer)> Next()
    {
        lock (_lock)
        {
            var lot = new List<(TAsk, TaskCompletionSource<TAnswer>)>();
            while (lot.Count < atOnce && _waiting.TryDequeue(out var next))
            {
                if (next.Cancellation.IsCancellationRequested)
                    next.Answer.TrySetCanceled(next.Cancellation);
                else
                    lot.Add((next.Ask, next.Answer));
            }
            _isRunning = lot.Count > 0;
            return lot;
        }
    }
}
