using System.Collections.Concurrent;
using System.Text.RegularExpressions;

namespace AgentPlatform.Tests.Gateways.Fuzz;

/// <summary>Ids that answers have named: with them, requests get further than the first check.</summary>
internal sealed partial class KnownIds
{
    private const int Kept = 500;
    private readonly ConcurrentDictionary<string, byte> _ids = new();
    private volatile string[] _some = [Guid.Empty.ToString()];

    /// <summary>Takes the ids out of an answer.</summary>
    public void Learn(string answer)
    {
        if (_ids.Count >= Kept)
            return;
        foreach (var id in Uuid().EnumerateMatches(answer))
            _ids.TryAdd(answer.Substring(id.Index, id.Length), 0);
        if (!_ids.IsEmpty)
            _some = [.. _ids.Keys];
    }

    /// <summary>One of them.</summary>
    public string Any(Random random) => _some is var some ? some[random.Next(some.Length)] : "";

    [GeneratedRegex("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}")]
    private static partial Regex Uuid();
}
