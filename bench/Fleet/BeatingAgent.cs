using System.Collections.Concurrent;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Bench.Fleet;

/// <summary>An agent that does nothing but beat, over its stream. When the stream breaks, so does the beat that waits.</summary>
public sealed class BeatingAgent : IAsyncDisposable
{
    private readonly AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> _link;
    private readonly ConcurrentDictionary<long, TaskCompletionSource> _waiting = new();
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly Task _reading;
    private long _number;

    private BeatingAgent(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> link)
    {
        _link = link;
        _reading = ReadAsync();
    }

    /// <summary>Says hello and waits for the welcome.</summary>
    public static async Task<BeatingAgent> ConnectAsync(AsyncDuplexStreamingCall<ConnectRequest, ConnectResponse> link)
    {
        await link.RequestStream.WriteAsync(new ConnectRequest { Hello = new Hello { Epoch = RegisteredFleet.Epoch } });
        return await link.ResponseStream.MoveNext(CancellationToken.None) && link.ResponseStream.Current.Welcome is not null ? new BeatingAgent(link)
            : throw new IOException("An agent was not welcomed.");
    }

    public async Task BeatAsync()
    {
        var number = Interlocked.Increment(ref _number);
        var answered = _waiting[number] = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var request = new ConnectRequest { Number = number, Heartbeat = new HeartbeatRequest { Epoch = RegisteredFleet.Epoch, Health = AgentHealth.Healthy, LoadPercent = 12.5 } };
        await _writing.WaitAsync();
        try { await _link.RequestStream.WriteAsync(request); }
        finally { _writing.Release(); }
        await answered.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _link.Dispose();
        await _reading.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _writing.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await _link.ResponseStream.MoveNext(CancellationToken.None))
            {
                if (_link.ResponseStream.Current.Answer is not { } answer || !_waiting.TryRemove(answer.Number, out var answered))
                    continue;
                if (answer.Reason.Length == 0)
                    answered.SetResult();
                else
                    answered.SetException(new IOException($"A heartbeat was refused: {answer.Reason} {answer.Message}"));
            }
        }
        catch (RpcException e)
        {
            foreach (var answered in _waiting.Values)
                answered.TrySetException(e);
            throw;
        }
    }
}
