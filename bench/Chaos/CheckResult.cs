namespace AgentPlatform.Bench.Chaos;

/// <summary>What one comparison of the callers' record with the platform's has found.</summary>
/// <param name="Name">What was compared.</param>
/// <param name="Expected">How many things the callers know of.</param>
/// <param name="Found">How many the platform has.</param>
/// <param name="Differences">Each in a line; none when all is well.</param>
public sealed record CheckResult(string Name, int Expected, int Found, IReadOnlyList<string> Differences)
{
    /// <summary>Compares two bags: everything must be in both, equally often.</summary>
    public static CheckResult OfBags(string name, IEnumerable<string> expected, IEnumerable<string> found)
    {
        var wanted = Count(expected);
        var there = Count(found);
        var differences = wanted.Keys.Union(there.Keys)
            .Select(item => (Item: item, Wanted: wanted.GetValueOrDefault(item), There: there.GetValueOrDefault(item)))
            .Where(d => d.Wanted != d.There)
            .Select(d => $"{d.Item}: {d.There} instead of {d.Wanted}");
        return new CheckResult(name, wanted.Values.Sum(), there.Values.Sum(), [.. differences]);
    }

    private static Dictionary<string, int> Count(IEnumerable<string> items) => items.CountBy(item => item).ToDictionary();
}
