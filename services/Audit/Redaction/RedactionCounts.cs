namespace AgentPlatform.Audit.Redaction;

/// <summary>How much was taken out, by kind. Never changes.</summary>
public sealed class RedactionCounts
{
    private readonly int[] _counts;

    private RedactionCounts(int[] counts) => _counts = counts;

    /// <summary>Nothing was.</summary>
    public static RedactionCounts None { get; } = new(new int[RedactionKinds.All.Count]);

    /// <summary>Whether anything was.</summary>
    public bool Any => Total > 0;

    /// <summary>All kinds together.</summary>
    public int Total => _counts.Sum();

    /// <summary>How often this kind was.</summary>
    public int this[RedactionKind kind] => _counts[(int)kind];

    /// <summary>Both together, as for several fields of one entry.</summary>
    public static RedactionCounts operator +(RedactionCounts left, RedactionCounts right)
    {
        if (!right.Any)
            return left;
        return left.Any ? new RedactionCounts([.. left._counts.Zip(right._counts, (l, r) => l + r)]) : right;
    }

    /// <summary>Kinds that occurred, by name, in the order of <see cref="RedactionKinds.All"/>: <c>email</c> → 2.</summary>
    public IEnumerable<KeyValuePair<string, int>> ByName() =>
        RedactionKinds.All.Where(k => this[k] > 0).Select(k => KeyValuePair.Create(k.Name(), this[k]));

    /// <summary>From a count for each kind, in the order of <see cref="RedactionKinds.All"/>.</summary>
    internal static RedactionCounts Of(ReadOnlySpan<int> counts) => new(counts.ToArray());
}
