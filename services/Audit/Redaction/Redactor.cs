using System.Text;
using Google.Protobuf.Collections;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Audit.Redaction;

/// <summary>
/// Takes personal data and secrets out of texts and JSON before they are written anywhere, and puts placeholders in their place. The time
/// it takes grows with the length of the text and with nothing else. Safe for any number of threads.
/// </summary>
public sealed class Redactor
{
    private const string NoKinds = "none";
    private readonly RedactionKindSet _kinds;

    /// <summary>Of the kinds in the settings; an <see cref="ArgumentException"/> names one that does not exist.</summary>
    public Redactor(RedactionSettings settings) => _kinds = Read(settings.Kinds);

    /// <summary>The text with placeholders; those that it has already stay.</summary>
    public RedactedText Redact(string text)
    {
        Span<int> counts = stackalloc int[RedactionKinds.All.Count];
        var redacted = Redact(text, context: "", counts);
        return new RedactedText(redacted, ReferenceEquals(redacted, text) ? RedactionCounts.None : RedactionCounts.Of(counts));
    }

    /// <summary>
    /// The JSON with placeholders in strings, in the names of members and for numbers that are card numbers. A member's name counts as what
    /// stands before its value: {"phone": "5550100199"} is one. Members whose names become alike are numbered.
    /// </summary>
    public RedactedStruct Redact(Struct value)
    {
        Span<int> counts = stackalloc int[RedactionKinds.All.Count];
        var redacted = Redact(value, counts);
        return new RedactedStruct(redacted, ReferenceEquals(redacted, value) ? RedactionCounts.None : RedactionCounts.Of(counts));
    }

    private string Redact(string text, string context, Span<int> counts)
    {
        var scanner = new Scanner(text, context, _kinds);
        if (!scanner.TryFindNext(out var match))
            return text;

        var builder = new StringBuilder(text.Length);
        var kept = 0;
        do
        {
            builder.Append(text, kept, match.Start - kept).Append(match.Kind.Placeholder());
            counts[(int)match.Kind]++;
            kept = match.End;
        } while (scanner.TryFindNext(out match));
        return builder.Append(text, kept, text.Length - kept).ToString();
    }

    // Most metadata holds nothing to redact; a copy is made only once something is found.
    private Struct Redact(Struct value, Span<int> counts)
    {
        Struct? copy = null;
        foreach (var (name, member) in value.Fields)
        {
            var redactedName = Redact(name, context: "", counts);
            var redactedMember = Redact(member, name, counts);
            if (ReferenceEquals(redactedName, name) && ReferenceEquals(redactedMember, member))
                continue;
            copy ??= new Struct { Fields = { value.Fields } };
            if (ReferenceEquals(redactedName, name))
            {
                copy.Fields[name] = redactedMember;
                continue;
            }
            copy.Fields.Remove(name);
            copy.Fields[FreeName(copy.Fields, redactedName)] = redactedMember;
        }
        return copy ?? value;
    }

    private Value Redact(Value value, string context, Span<int> counts)
    {
        switch (value.KindCase)
        {
            case Value.KindOneofCase.StringValue:
                var text = Redact(value.StringValue, context, counts);
                return ReferenceEquals(text, value.StringValue) ? value : Value.ForString(text);
            case Value.KindOneofCase.NumberValue when _kinds.Contains(RedactionKind.Card) && CardRule.IsCard(value.NumberValue):
                counts[(int)RedactionKind.Card]++;
                return Value.ForString(RedactionKind.Card.Placeholder());
            case Value.KindOneofCase.StructValue:
                var members = Redact(value.StructValue, counts);
                return ReferenceEquals(members, value.StructValue) ? value : Value.ForStruct(members);
            case Value.KindOneofCase.ListValue:
                var items = Redact(value.ListValue, context, counts);
                return ReferenceEquals(items, value.ListValue) ? value : new Value { ListValue = items };
            default:
                return value;
        }
    }

    private ListValue Redact(ListValue list, string context, Span<int> counts)
    {
        ListValue? copy = null;
        for (var i = 0; i < list.Values.Count; i++)
        {
            var redacted = Redact(list.Values[i], context, counts);
            if (ReferenceEquals(redacted, list.Values[i]))
                continue;
            copy ??= new ListValue { Values = { list.Values } };
            copy.Values[i] = redacted;
        }
        return copy ?? list;
    }

    // Looks for a free number in steps that double, then between the last two: a thousand members named by mail addresses must not take a
    // million look-ups.
    private static string FreeName(MapField<string, Value> fields, string name)
    {
        if (!fields.ContainsKey(name))
            return name;
        string Numbered(int number) => $"{name} {number}";
        var (taken, free) = (1, 2);
        while (fields.ContainsKey(Numbered(free)))
            (taken, free) = (free, free * 2);
        while (free - taken > 1)
        {
            var middle = (taken + free) / 2;
            (taken, free) = fields.ContainsKey(Numbered(middle)) ? (middle, free) : (taken, middle);
        }
        return Numbered(free);
    }

    private static RedactionKindSet Read(string kinds)
    {
        var set = default(RedactionKindSet);
        if (kinds == NoKinds)
            return set;
        foreach (var name in kinds.Split(',', StringSplitOptions.TrimEntries))
        {
            if (!RedactionKinds.TryParse(name, out var kind))
                throw new ArgumentException($"'{name}' is no kind of redaction; the kinds are {string.Join(", ", RedactionKinds.All.Select(k => k.Name()))}.");
            set = set.With(kind);
        }
        return set;
    }
}
