using System.Globalization;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Cli.Approvals;

/// <summary>What is different between two sets of arguments, one line a value, by its path: "+" is new, "-" is gone, "~" is other than it was.</summary>
public static class ArgumentsDiff
{
    // So much of a value as a person takes in at a glance; the whole one stands in the arguments.
    private const int MaximumValueCharacters = 120;

    public static IReadOnlyList<string> Of(Struct before, Struct after)
    {
        var lines = new List<string>();
        Compare(lines, "", Value.ForStruct(before), Value.ForStruct(after));
        return lines;
    }

    private static void Compare(List<string> lines, string path, Value? before, Value? after)
    {
        if (before is null && after is not null)
            lines.Add($"+ {path}: {Text(after)}");
        else if (before is not null && after is null)
            lines.Add($"- {path}: {Text(before)}");
        else if (before!.KindCase == Value.KindOneofCase.StructValue && after!.KindCase == Value.KindOneofCase.StructValue)
            CompareMembers(lines, path, before.StructValue, after.StructValue);
        else if (before.KindCase == Value.KindOneofCase.ListValue && after!.KindCase == Value.KindOneofCase.ListValue)
            CompareElements(lines, path, before.ListValue, after.ListValue);
        else if (!before.Equals(after))
            lines.Add($"~ {path}: {Text(before)} → {Text(after!)}");
    }

    private static void CompareMembers(List<string> lines, string path, Struct before, Struct after)
    {
        foreach (var name in before.Fields.Keys.Union(after.Fields.Keys).Order(StringComparer.Ordinal))
            Compare(lines, path.Length == 0 ? Name(name) : $"{path}.{Name(name)}", before.Fields.GetValueOrDefault(name), after.Fields.GetValueOrDefault(name));
    }

    // What both begin and end with is the same; of what lies between, one that was put in or taken out does not make all others look changed.
    private static void CompareElements(List<string> lines, string path, ListValue before, ListValue after)
    {
        var (head, tail) = (0, 0);
        var shorter = Math.Min(before.Values.Count, after.Values.Count);
        while (head < shorter && before.Values[head].Equals(after.Values[head]))
            head++;
        while (tail < shorter - head && before.Values[^(tail + 1)].Equals(after.Values[^(tail + 1)]))
            tail++;
        var (gone, added) = (before.Values.Count - head - tail, after.Values.Count - head - tail);
        for (var i = 0; i < Math.Max(gone, added); i++)
            Compare(lines, string.Create(CultureInfo.InvariantCulture, $"{path}[{head + i}]"), i < gone ? before.Values[head + i] : null, i < added ? after.Values[head + i] : null);
    }

    // A name with a dot must not look like a path.
    private static string Name(string name) => name.AsSpan().ContainsAny(" .[]\"") ? $"\"{name}\"" : name;

    private static string Text(Value value)
    {
        var text = JsonFormatter.Default.Format(value);
        return text.Length <= MaximumValueCharacters ? text
            : string.Create(CultureInfo.InvariantCulture, $"{text.AsSpan(0, MaximumValueCharacters)}… ({text.Length:N0} characters)");
    }
}
