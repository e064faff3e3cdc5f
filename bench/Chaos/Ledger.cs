using System.Collections.Concurrent;
using AgentPlatform.Cli;
using Grpc.Core;

namespace AgentPlatform.Bench.Chaos;

/// <summary>The callers' own record of a storm, against which the platform's is held.</summary>
public sealed class Ledger
{
    private readonly ConcurrentQueue<Change> _changes = [];
    private readonly ConcurrentQueue<string> _complaints = [];
    private readonly ConcurrentDictionary<string, int> _failedAttempts = [];
    private int _lostRaces;
    private int _repeats;

    /// <summary>What was acknowledged.</summary>
    public IReadOnlyCollection<Change> Changes => _changes;

    /// <summary>What should not have happened at all, each with its call.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    /// <summary>Attempts that had to be repeated, by status and reason.</summary>
    public IReadOnlyDictionary<string, int> FailedAttempts => _failedAttempts;

    /// <summary>Steps that were refused because another caller had moved the session.</summary>
    public int LostRaces => _lostRaces;

    /// <summary>Calls that were sent again after they had been answered.</summary>
    public int Repeats => _repeats;

    public void Acknowledged(Change change) => _changes.Enqueue(change);

    public void Complain(string complaint) => _complaints.Enqueue(complaint);

    public void Failed(RpcException refusal) =>
        _failedAttempts.AddOrUpdate($"{RpcText.Of(refusal.StatusCode)} {RpcText.ReasonOf(refusal)}".TrimEnd(), 1, (_, count) => count + 1);

    public void LostRace() => Interlocked.Increment(ref _lostRaces);

    public void Repeated() => Interlocked.Increment(ref _repeats);
}
