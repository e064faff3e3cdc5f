using System.Collections.Frozen;

namespace AgentPlatform.Gateway;

/// <summary>All ways to call the platform by REST, and which of them a request is.</summary>
public sealed class RestRules
{
    private readonly FrozenDictionary<string, List<RestRule>> _byNoun = AccessRules.Descriptors()
        .SelectMany(f => f.Services).SelectMany(s => s.Methods).SelectMany(RestRule.Of)
        .GroupBy(r => r.Template.Noun)
        .ToFrozenDictionary(g => g.Key, g => g.OrderByDescending(r => r.Template.Literals).ToList());

    /// <summary>Every rule.</summary>
    public IEnumerable<RestRule> All => _byNoun.Values.SelectMany(r => r);

    /// <summary>The rule that a request follows, with the values in its path.</summary>
    /// <param name="verb">GET, POST and so on.</param>
    /// <param name="path">The path as it came, escaped, without the query.</param>
    /// <param name="allowed">The verbs that the path has, if none of them is this one.</param>
    public (RestRule Rule, IReadOnlyList<(string Field, string Value)> Values)? Find(string verb, string path, out IReadOnlyList<string> allowed)
    {
        allowed = [];
        var segments = path.Length > 0 && path[0] == '/' ? path[1..].Split('/') : [];
        if (segments.Length < 2)
            return null;
        var matches = Matches(segments).ToList();
        var own = matches.Where(m => m.Rule.Verb == verb).ToList();
        if (own.Count > 0)
            return own[0];
        allowed = [.. matches.Select(m => m.Rule.Verb).Distinct().Order()];
        return null;
    }

    // With the part behind the last colon as the verb first; a value may have a colon, too.
    private IEnumerable<(RestRule Rule, IReadOnlyList<(string Field, string Value)> Values)> Matches(string[] segments)
    {
        var colon = segments[^1].LastIndexOf(':');
        if (colon >= 0)
        {
            string[] bare = [.. segments[..^1], segments[^1][..colon]];
            foreach (var match in Matches(bare, segments[^1][(colon + 1)..]))
                yield return match;
        }
        foreach (var match in Matches(segments, ""))
            yield return match;
    }

    private IEnumerable<(RestRule Rule, IReadOnlyList<(string Field, string Value)> Values)> Matches(string[] segments, string verb)
    {
        foreach (var rule in _byNoun.GetValueOrDefault(Uri.UnescapeDataString(segments[1])) ?? [])
            if (rule.Template.Verb == verb && rule.Template.Match(segments) is { } values)
                yield return (rule, values);
    }
}
