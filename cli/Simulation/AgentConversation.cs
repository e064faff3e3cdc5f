using System.Collections.Concurrent;
using System.Diagnostics;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Cli.Simulation;

/// <summary>What an agent says over one stream, numbered, and written one after the other.</summary>
public sealed class AgentConversation(IClientStreamWriter<ConnectRequest> output, long epoch)
{
    private readonly SemaphoreSlim _writing = new(1, 1);
    private readonly ConcurrentDictionary<long, long> _beats = new();
    private readonly ConcurrentDictionary<long, string> _tasks = new();
    private long _number;

    /// <summary>Beats until the end, the first time at once or within one interval, so that many agents do not beat together.</summary>
    public async Task BeatAsync(TimeSpan every, CancellationToken end)
    {
        await Task.Delay(every * Random.Shared.NextDouble(), TimeProvider.System, end);
        while (true)
        {
            var number = Interlocked.Increment(ref _number);
            _beats[number] = Stopwatch.GetTimestamp();
            await WriteAsync(new ConnectRequest { Number = number, Heartbeat = new HeartbeatRequest { Epoch = epoch } }, end);
            await Task.Delay(every, TimeProvider.System, end);
        }
    }

    public async Task CompleteAsync(string task, CompleteTaskRequest completion, CancellationToken end)
    {
        var number = Interlocked.Increment(ref _number);
        _tasks[number] = task;
        await WriteAsync(new ConnectRequest { Number = number, Complete = completion }, end);
    }

    /// <summary>When the beat of this number was sent; null when it is no beat's.</summary>
    public long? TakeBeat(long number) => _beats.TryRemove(number, out var sentAt) ? sentAt : null;

    /// <summary>The task whose completion had this number.</summary>
    public string? TakeTask(long number) => _tasks.TryRemove(number, out var task) ? task : null;

    private async Task WriteAsync(ConnectRequest request, CancellationToken end)
    {
        await _writing.WaitAsync(end);
        try { await output.WriteAsync(request, end); }
        finally { _writing.Release(); }
    }
}
