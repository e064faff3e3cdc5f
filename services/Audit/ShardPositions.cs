using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace AgentPlatform.Audit;

/// <summary>A position for each shard: where a stream stands, or where the log ended. Written "0:1200,1:77".</summary>
public sealed class ShardPositions
{
    private const int MostShards = 64;

    private readonly SortedDictionary<int, long> _positions = [];

    /// <summary>The shard's position; 0, before its first entry, for one that is not named.</summary>
    public long this[int shard]
    {
        get => _positions.GetValueOrDefault(shard);
        set => _positions[shard] = value;
    }

    public IEnumerable<int> Shards => _positions.Keys;

    public IReadOnlyDictionary<int, long> All => _positions;

    /// <summary>Indexed by shard, for SQL; shards that it does not name are 0.</summary>
    public long[] ToArray() => [.. Enumerable.Range(0, MostShards).Select(s => this[s])];

    public ShardPositions Copy()
    {
        var copy = new ShardPositions();
        foreach (var (shard, position) in _positions)
            copy[shard] = position;
        return copy;
    }

    // Never empty: an empty token asks for what comes from now on.
    public override string ToString() => _positions.Count == 0 ? "0:0" : string.Join(',', _positions.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.Key}:{p.Value}")));

    public static bool TryParse(string text, [NotNullWhen(true)] out ShardPositions? positions)
    {
        positions = new ShardPositions();
        if (text.Length > MostShards * 24)
            return false;
        foreach (var part in text.Split(',', StringSplitOptions.RemoveEmptyEntries))
        {
            var colon = part.IndexOf(':', StringComparison.Ordinal);
            if (colon < 0 || !int.TryParse(part.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out var shard) || shard >= MostShards
                || !long.TryParse(part.AsSpan(colon + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var position))
                return false;
            positions[shard] = position;
        }
        return true;
    }
}
