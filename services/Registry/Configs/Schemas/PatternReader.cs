using System.Globalization;

namespace AgentPlatform.Registry;

/// <summary>
/// Reads patterns of ECMA-262, which is where JSON Schema takes them from: without its flag u, without look-around, back references and names of groups, and
/// stricter about brackets that stand for themselves.
/// </summary>
public sealed class PatternReader
{
    private const int MaximumCharacters = 256;
    private const int MaximumStates = 1_000;

    // Repeating what is empty makes no states, yet takes time.
    private const int MaximumParts = 4 * MaximumStates;

    private readonly string _pattern;
    private readonly List<PatternState> _states = [];
    private int _parts;
    private int _at;

    private PatternReader(string pattern) => _pattern = pattern;

    // Makes the states of a part, which lead to the next state; gives back the first. A part that is repeated is made as often.
    private delegate int Part(int next);

    /// <exception cref="FormatException">It is none that can be read here. The message goes with the place of the keyword.</exception>
    public static SchemaPattern Read(string pattern)
    {
        if (pattern.Length > MaximumCharacters)
            throw new FormatException($"is longer than {MaximumCharacters} characters");
        var reader = new PatternReader(pattern);
        var whole = reader.ReadAlternatives();
        if (reader._at < pattern.Length)
            throw reader.Unreadable();
        var start = whole(reader.Add(new PatternState(PatternState.None)));
        return new SchemaPattern(reader._states, start);
    }

    private Part ReadAlternatives()
    {
        var alternative = ReadSequence();
        while (TryTake('|'))
        {
            var (one, other) = (alternative, ReadSequence());
            alternative = next => Add(new PatternState(one(next), other(next)));
        }
        return alternative;
    }

    private Part ReadSequence()
    {
        var parts = new List<Part>();
        while (_at < _pattern.Length && _pattern[_at] is not ('|' or ')'))
            parts.Add(ReadRepeated());
        return next => Enumerable.Reverse(parts).Aggregate(next, (following, part) => part(following));
    }

    private Part ReadRepeated()
    {
        var part = ReadOne();
        if (_at == _pattern.Length || _pattern[_at] is not ('*' or '+' or '?' or '{'))
            return part;
        var (least, most) = ReadBounds();
        // Whether it takes much or little first is all one to a search.
        TryTake('?');
        return next => Repeat(part, least, most, next);
    }

    private (int Least, int? Most) ReadBounds()
    {
        switch (Take())
        {
            case '*':
                return (0, null);
            case '+':
                return (1, null);
            case '?':
                return (0, 1);
        }
        var least = ReadCount();
        var most = !TryTake(',') ? least : _at < _pattern.Length && _pattern[_at] == '}' ? (int?)null : ReadCount();
        return TryTake('}') && (most is null || most >= least) ? (least, most) : throw Unreadable();
    }

    // Four digits are more than there may be states.
    private int ReadCount()
    {
        var start = _at;
        while (_at < _pattern.Length && char.IsAsciiDigit(_pattern[_at]) && _at - start < 4)
            _at++;
        return _at > start ? int.Parse(_pattern.AsSpan(start, _at - start), NumberStyles.None, CultureInfo.InvariantCulture) : throw Unreadable();
    }

    private int Repeat(Part part, int least, int? most, int next)
    {
        var following = next;
        if (most is null)
        {
            // The state comes before what it leads to, because that leads back.
            following = Add(new PatternState(next));
            _states[following] = new PatternState(Make(part, following), next);
        }
        for (var more = least; more < most; more++)
            following = Add(new PatternState(Make(part, following), next));
        for (var more = 0; more < least; more++)
            following = Make(part, following);
        return following;
    }

    private int Make(Part part, int next) => ++_parts <= MaximumParts ? part(next) : throw TooLarge();

    private Part ReadOne()
    {
        var character = Take();
        switch (character)
        {
            case '(':
                // Nobody asks what a group has matched.
                if (TryTake('?') && !TryTake(':'))
                    throw Unreadable();
                var group = ReadAlternatives();
                return TryTake(')') ? group : throw Unreadable();
            case '^':
                return Standing((_, at) => at == 0);
            case '$':
                return Standing((text, at) => at == text.Length);
            case '.':
                return Taking(c => c is not ('\n' or '\r' or '\u2028' or '\u2029'));
            case '[':
                return Taking(ReadClass());
            case '\\' when TryTake('b'):
                return Standing(IsAtWordBoundary);
            case '\\' when TryTake('B'):
                return Standing((text, at) => !IsAtWordBoundary(text, at));
            case '\\':
                var (set, escaped) = ReadEscape();
                return Taking(set ?? (c => c == escaped));
            case '*' or '+' or '?' or '{' or '}' or ']':
                throw Unreadable();
            default:
                return Taking(c => c == character);
        }
    }

    private Func<char, bool> ReadClass()
    {
        var isExcluding = TryTake('^');
        var sets = new List<Func<char, bool>>();
        while (!TryTake(']'))
        {
            var (set, first) = ReadOfClass();
            // A hyphen that is the last stands for itself.
            if (_at + 1 < _pattern.Length && _pattern[_at] == '-' && _pattern[_at + 1] != ']')
            {
                _at++;
                var (noSet, last) = ReadOfClass();
                if (set is not null || noSet is not null || first > last)
                    throw Unreadable();
                set = c => c >= first && c <= last;
            }
            sets.Add(set ?? (c => c == first));
        }
        return c => sets.Exists(s => s(c)) != isExcluding;
    }

    private (Func<char, bool>? Set, char Character) ReadOfClass() => TryTake('\\') ? ReadEscape() : (null, Take());

    private (Func<char, bool>? Set, char Character) ReadEscape() => Take() switch
    {
        'd' => (char.IsAsciiDigit, default),
        'D' => (c => !char.IsAsciiDigit(c), default),
        'w' => (IsOfWord, default),
        'W' => (c => !IsOfWord(c), default),
        's' => (IsSpace, default),
        'S' => (c => !IsSpace(c), default),
        't' => (null, '\t'),
        'n' => (null, '\n'),
        'r' => (null, '\r'),
        'f' => (null, '\f'),
        'v' => (null, '\v'),
        'x' => (null, ReadHex(2)),
        'u' => (null, ReadHex(4)),
        var other when char.IsAscii(other) && !IsOfWord(other) => (null, other),
        _ => throw Unreadable(),
    };

    private char ReadHex(int digits)
    {
        if (_at + digits > _pattern.Length || !ushort.TryParse(_pattern.AsSpan(_at, digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code))
            throw Unreadable();
        _at += digits;
        return (char)code;
    }

    private Part Taking(Func<char, bool> takes) => next => Add(new PatternState(next, Takes: takes));

    private Part Standing(Func<string, int, bool> stands) => next => Add(new PatternState(next, Stands: stands));

    private int Add(PatternState state)
    {
        if (_states.Count == MaximumStates)
            throw TooLarge();
        _states.Add(state);
        return _states.Count - 1;
    }

    private char Take() => _at < _pattern.Length ? _pattern[_at++] : throw Unreadable();

    private bool TryTake(char character)
    {
        if (_at == _pattern.Length || _pattern[_at] != character)
            return false;
        _at++;
        return true;
    }

    private FormatException Unreadable() => new($"cannot be read on from character {_at}");

    private static FormatException TooLarge() => new($"repeats too much: written out, it would be more than {MaximumStates:N0} characters");

    private static bool IsOfWord(char c) => char.IsAsciiLetterOrDigit(c) || c == '_';

    // U+0085 is one to .NET alone, U+FEFF to ECMA-262 alone.
    private static bool IsSpace(char c) => c != '\u0085' && (char.IsWhiteSpace(c) || c == '\uFEFF');

    private static bool IsAtWordBoundary(string text, int at) => (at > 0 && IsOfWord(text[at - 1])) != (at < text.Length && IsOfWord(text[at]));
}
