namespace AgentPlatform.Gateway;

/// <summary>
/// A path template of <c>google.api.http</c>: <c>/v1/sessions/{id}:watch</c>, <c>/v1/vault/files/{path=**}</c>. Rules and escaping are those that
/// https://cloud.google.com/endpoints/docs/grpc-service-config/reference/rpc/google.api#httprule states.
/// </summary>
public sealed class PathTemplate
{
    private const string One = "*";
    private const string Rest = "**";

    // Literals, "*" and "**", flat; a variable is a range of them.
    private readonly List<string> _segments = [];
    private readonly List<(string Field, int From, int To)> _variables = [];

    private PathTemplate(string verb) => Verb = verb;

    /// <summary>What stands behind the last colon: "watch"; empty when there is none.</summary>
    public string Verb { get; }

    /// <summary>The fields that the path names, as paths of names.</summary>
    public IEnumerable<string> Fields => _variables.Select(v => v.Field);

    /// <summary>The literal that all its paths have after the version; by it they are found.</summary>
    public string Noun => _segments.Count > 1 ? _segments[1] : "";

    /// <summary>How much of it is fixed: of two templates that match, the one with more counts.</summary>
    public int Literals => _segments.Count(s => s is not (One or Rest));

    /// <summary>One of its paths.</summary>
    public string Example => $"/{string.Join('/', _segments.Select(s => s is One or Rest ? "x" : s))}{(Verb.Length > 0 ? $":{Verb}" : "")}";

    /// <summary>Whether a field takes all segments that are left.</summary>
    public bool IsRest(string field) => _variables.Any(v => v.Field == field && _segments[v.To - 1] == Rest);

    /// <summary>The path with each variable in braces, by the name that <paramref name="nameOf"/> gives it.</summary>
    public string Described(Func<string, string> nameOf)
    {
        var parts = new List<string>();
        for (var i = 0; i < _segments.Count; i++)
        {
            var variable = _variables.FirstOrDefault(v => v.From == i, (Field: "", From: i, To: i + 1));
            parts.Add(variable.Field.Length > 0 ? $"{{{nameOf(variable.Field)}}}" : _segments[i]);
            i = variable.To - 1;
        }
        return $"/{string.Join('/', parts)}{(Verb.Length > 0 ? $":{Verb}" : "")}";
    }

    /// <summary>Reads a template.</summary>
    public static PathTemplate Parse(string text)
    {
        // A colon within a variable's braces does not occur, so the last one is the verb's.
        var colon = text.LastIndexOf(':');
        var template = new PathTemplate(colon < 0 ? "" : text[(colon + 1)..]);
        var path = colon < 0 ? text : text[..colon];
        if (!path.StartsWith('/'))
            throw new FormatException($"{text} does not begin with a slash.");
        for (var at = 1; at <= path.Length;)
        {
            if (at < path.Length && path[at] == '{')
            {
                var close = path.IndexOf('}', at);
                var variable = path[(at + 1)..close];
                var equals = variable.IndexOf('=');
                var from = template._segments.Count;
                template._segments.AddRange(equals < 0 ? [One] : variable[(equals + 1)..].Split('/'));
                template._variables.Add((equals < 0 ? variable : variable[..equals], from, template._segments.Count));
                at = close + 2;
                continue;
            }
            var slash = path.IndexOf('/', at);
            var end = slash < 0 ? path.Length : slash;
            template._segments.Add(path[at..end]);
            at = end + 1;
        }
        if (template._segments.IndexOf(Rest) is >= 0 and var rest && rest < template._segments.Count - 1)
            throw new FormatException($"{text} has something after **.");
        return template;
    }

    /// <summary>The values of its variables, unescaped, when the path is one of its paths.</summary>
    /// <param name="segments">The path's segments, still escaped, without the verb.</param>
    public IReadOnlyList<(string Field, string Value)>? Match(IReadOnlyList<string> segments)
    {
        var hasRest = _segments.Count > 0 && _segments[^1] == Rest;
        if (hasRest ? segments.Count < _segments.Count - 1 : segments.Count != _segments.Count)
            return null;
        for (var i = 0; i < _segments.Count; i++)
        {
            if (_segments[i] == Rest)
                break;
            if (_segments[i] == One ? segments[i].Length == 0 : Uri.UnescapeDataString(segments[i]) != _segments[i])
                return null;
        }
        return _variables.ConvertAll(v =>
        {
            var reachesRest = _segments[v.To - 1] == Rest;
            var own = segments.Skip(v.From).Take((reachesRest ? segments.Count : v.To) - v.From).ToList();
            // Of several segments an escaped slash stays escaped: it is no separator.
            return (v.Field, own.Count == 1 && !reachesRest ? Uri.UnescapeDataString(own[0]) : string.Join('/', own.Select(UnescapeButSlash)));
        });
    }

    private static string UnescapeButSlash(string segment) =>
        string.Join("%2F", segment.Replace("%2f", "%2F", StringComparison.Ordinal).Split("%2F").Select(Uri.UnescapeDataString));
}
