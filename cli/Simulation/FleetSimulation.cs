using System.Diagnostics;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace AgentPlatform.Cli.Simulation;

/// <summary>Runs a fleet of agents of this process against the platform on this machine, with progress on stderr and a report on stdout.</summary>
public sealed class FleetSimulation(int agents, int tasksPerSecond, TimeSpan duration, TimeSpan beatEvery, SimulationProfile profile)
{
    // The gateway takes 1,000 streams of a connection; half of them leaves room for calls.
    private const int AgentsPerConnection = 500;
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromDays(2);
    private static readonly TimeSpan ProgressEvery = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan StormEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestStay = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LongestSettling = TimeSpan.FromSeconds(90);

    private readonly SimulationTally _tally = new();
    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private TimeSpan _welcomedAfter;

    /// <summary>Runs to the end or to Ctrl-C; fails when a task was lost or done twice.</summary>
    public async Task<int> RunAsync(DataFolder data)
    {
        var note = RunNote.Require(data);
        using var key = DevelopmentKey.Load(data.DevelopmentKey);
        using var signal = new StopSignal();
        using var stop = new CancellationTokenSource();
        var bytesBefore = GC.GetTotalMemory(forceFullCollection: true);
        var channels = Enumerable.Range(0, (agents - 1) / AgentsPerConnection + 1)
            .Select(_ => GatewayChannel.Open(note)).ToList();
        string[] ids = [.. Enumerable.Range(0, agents).Select(i => $"simulated-{i:00000}")];
        var running = ids.Select((id, i) => new SimulatedAgent(
            id, Invoker(channels[i / AgentsPerConnection], key.Mint($"agent:{id}", ["agent"], id, TokenLifetime, TimeProvider.System)), _tally, beatEvery, StayFor).RunAsync(stop.Token)).ToList();
        // As many people as it takes for each to stay below the gateway's limit.
        var makers = Enumerable.Range(0, Math.Max(1, tasksPerSecond)).Select(i => new AgentTaskService.AgentTaskServiceClient(
            Invoker(channels[0], key.Mint($"user:simulation-{i}", ["operator"], null, TokenLifetime, TimeProvider.System)))).ToList();

        await WaitForAllAsync(signal);
        _welcomedAfter = Stopwatch.GetElapsedTime(_startedAt, _tally.LastWelcomeAt);
        var bytesEach = (GC.GetTotalMemory(forceFullCollection: true) - bytesBefore) / agents;
        var (beatsBefore, beganAt) = (_tally.Heartbeats, Stopwatch.GetTimestamp());
        await MakeAsync(makers, ids, signal);
        var beatsPerSecond = (_tally.Heartbeats - beatsBefore) / Stopwatch.GetElapsedTime(beganAt).TotalSeconds;
        await SettleAsync(signal);
        await stop.CancelAsync();
        await Task.WhenAll(running);
        channels.ForEach(c => c.Dispose());
        Report(beatsPerSecond, bytesEach);
        return _tally.Open == 0 && _tally.Doubled == 0 ? ExitCode.Ok : ExitCode.Failed;
    }

    private TimeSpan? StayFor() => profile switch
    {
        SimulationProfile.Flaky => LongestStay * (0.1 + 0.9 * Random.Shared.NextDouble()),
        // To the same moment for everybody.
        SimulationProfile.Storm => StormEvery - TimeSpan.FromTicks(Stopwatch.GetElapsedTime(_startedAt).Ticks % StormEvery.Ticks),
        _ => null,
    };

    private static CallInvoker Invoker(GrpcChannel channel, string token) =>
        channel.Intercept(metadata => { metadata.Add("authorization", $"Bearer {token}"); return metadata; });

    private async Task WaitForAllAsync(StopSignal signal)
    {
        while (_tally.Connected < agents && Stopwatch.GetElapsedTime(_startedAt) < LongestSettling && !signal.Asked.IsCompleted)
            await ProgressAsync(signal);
    }

    private async Task MakeAsync(List<AgentTaskService.AgentTaskServiceClient> makers, string[] ids, StopSignal signal)
    {
        var (beganAt, toldAt, asked) = (Stopwatch.GetTimestamp(), Stopwatch.GetTimestamp(), 0L);
        var calls = new List<Task>();
        while (Stopwatch.GetElapsedTime(beganAt) is var elapsed && elapsed < duration && !signal.Asked.IsCompleted)
        {
            for (; asked < elapsed.TotalSeconds * tasksPerSecond; asked++)
                calls.Add(MakeOneAsync(makers[(int)(asked % makers.Count)], ids[Random.Shared.Next(ids.Length)]));
            calls.RemoveAll(c => c.IsCompletedSuccessfully);
            if (Stopwatch.GetElapsedTime(toldAt) > ProgressEvery)
            {
                Say();
                toldAt = Stopwatch.GetTimestamp();
            }
            await Task.WhenAny(Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System), signal.Asked);
        }
        await Task.WhenAll(calls);
    }

    private async Task MakeOneAsync(AgentTaskService.AgentTaskServiceClient maker, string agent)
    {
        var (askedAt, headers) = (Stopwatch.GetTimestamp(), CallKey.New());
        var request = new CreateTaskRequest { AgentId = agent, Task = new TaskSpec { Type = "simulation.run", MaxAttempts = 100 } };
        while (Stopwatch.GetElapsedTime(askedAt) < LongestSettling)
        {
            try
            {
                _tally.Make((await maker.CreateTaskAsync(request, headers)).Task.Id, askedAt);
                return;
            }
            // With its key it can be sent again as often as it takes.
            catch (RpcException) { await Task.Delay(ProgressEvery, TimeProvider.System); }
        }
    }

    private async Task SettleAsync(StopSignal signal)
    {
        var beganAt = Stopwatch.GetTimestamp();
        while (_tally.Open > 0 && Stopwatch.GetElapsedTime(beganAt) < LongestSettling && !signal.Insisted.IsCompleted)
            await ProgressAsync(signal);
    }

    private async Task ProgressAsync(StopSignal signal)
    {
        Say();
        await Task.WhenAny(Task.Delay(ProgressEvery, TimeProvider.System), signal.Insisted);
    }

    private void Say() => Console.Error.WriteLine(
        $"{Stopwatch.GetElapsedTime(_startedAt).TotalSeconds,6:0} s  {_tally.Connected:N0} of {agents:N0} connected, {_tally.Heartbeats:N0} heartbeats, {_tally.Done:N0} of {_tally.Made:N0} tasks done, {_tally.Broken:N0} streams broken");

    private void Report(double beatsPerSecond, long bytesEach)
    {
        var (beats, dispatches) = (_tally.BeatsMs, _tally.DispatchesMs);
        Console.Out.WriteLine($"agents       {agents:N0}, {profile.ToString().ToLowerInvariant()}, {_tally.Broken:N0} streams broken by the platform, {_tally.Refused:N0} registrations refused; all welcomed after {_welcomedAfter.TotalSeconds:0.0} s");
        Console.Out.WriteLine($"heartbeats   {beatsPerSecond:N1} a second, median {beats.Median:0.0} ms, p99 {beats.P99:0.0} ms");
        Console.Out.WriteLine($"tasks        {_tally.Made:N0} made, {_tally.Done:N0} done, {_tally.Open:N0} lost, {_tally.Doubled:N0} doubled");
        Console.Out.WriteLine($"dispatch     from the asking to the agent: median {dispatches.Median:0.0} ms, p99 {dispatches.P99:0.0} ms");
        Console.Out.WriteLine($"memory       {bytesEach / 1024.0:N0} KiB an agent, in this process");
    }
}
