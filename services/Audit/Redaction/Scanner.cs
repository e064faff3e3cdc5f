using System.Buffers;

namespace AgentPlatform.Audit.Redaction;

/// <summary>
/// Finds what to redact, from left to right, in one pass and without backtracking: it jumps to the next character that something could be
/// recognised by, asks the rules about that place, and goes on behind what they took or behind the word. A rule looks at a bounded
/// neighbourhood, or at characters that are then passed over, so hostile text costs a constant factor, never more.
/// </summary>
public ref struct Scanner
{
    // A digit for everything with numbers, '@' or "%40" for mail addresses, ':' for IPv6, '+' and '(' for phone numbers.
    private static readonly SearchValues<char> Marks = SearchValues.Create("0123456789@%:+(");

    private readonly RedactionKindSet _kinds;
    private ScannedText _text;
    private int _at;
    private int _nextMark = -1;
    private int _nextPrefix = -1;
    private bool _hasNoMoreEnds;

    /// <param name="text">The text to look through.</param>
    /// <param name="context">What leads to it, as the name of a member leads to its value; may be empty.</param>
    /// <param name="kinds">What to look for.</param>
    public Scanner(ReadOnlySpan<char> text, ReadOnlySpan<char> context, RedactionKindSet kinds)
    {
        _text = new ScannedText(text, context);
        _kinds = kinds;
    }

    /// <summary>The work so far: how many characters were looked at, repeated looks included.</summary>
    public readonly long Examined => _text.Examined;

    /// <summary>The next match; they come in order and do not overlap. False at the end.</summary>
    public bool TryFindNext(out Match match)
    {
        if (_at == 0 && Wants(RedactionKind.ApiKey) && SecretRule.TryMatchWhole(ref _text, out match))
            return Take(match);

        while (true)
        {
            var mark = NextMark();
            var prefix = NextPrefix();
            if (mark == prefix && mark == _text.Text.Length)
            {
                match = default;
                return false;
            }
            if (prefix <= mark && TrySecret(prefix, out match))
                return Take(match);
            if (mark <= prefix)
            {
                if (char.IsAsciiDigit(_text[mark]) && UuidRule.Skip(ref _text, mark) is var end && end > mark)
                {
                    _at = end;
                    continue;
                }
                if (TryPersonal(mark, out match))
                    return Take(match);
                _at = char.IsAsciiDigit(_text[mark]) ? _text.SkipWord(mark) : mark + 1;
            }
            else
            {
                _at = prefix + 1;
            }
        }
    }

    private bool TrySecret(int at, out Match match)
    {
        match = default;
        return Wants(RedactionKind.PrivateKey) && PrivateKeyRule.TryMatch(ref _text, at, ref _hasNoMoreEnds, out match)
            || Wants(RedactionKind.Token) && TokenRule.TryMatch(ref _text, at, out match)
            || Wants(RedactionKind.ApiKey) && SecretRule.TryMatch(ref _text, at, out match);
    }

    private bool TryPersonal(int at, out Match match)
    {
        match = default;
        switch (_text[at])
        {
            case '@':
            case '%':
                return Wants(RedactionKind.Email) && EmailRule.TryMatch(ref _text, at, out match);
            case ':':
                return Wants(RedactionKind.Ip) && Ipv6Rule.TryMatch(ref _text, at, out match);
            case '+':
            case '(':
                return Wants(RedactionKind.Phone) && PhoneRule.TryMatch(ref _text, at, out match);
            default:
                // The order matters: what has check digits is surest, and any of them could pass for a phone number.
                return Wants(RedactionKind.Iban) && IbanRule.TryMatch(ref _text, at, out match)
                    || _text.StartsWord(at)
                        && (Wants(RedactionKind.Card) && CardRule.TryMatch(ref _text, at, out match)
                            || Wants(RedactionKind.Ssn) && SsnRule.TryMatch(ref _text, at, out match)
                            || Wants(RedactionKind.Ip) && Ipv4Rule.TryMatch(ref _text, at, out match)
                            || Wants(RedactionKind.Phone) && PhoneRule.TryMatch(ref _text, at, out match));
        }
    }

    private readonly bool Wants(RedactionKind kind) => _kinds.Contains(kind);

    private bool Take(Match match)
    {
        _at = match.End;
        _text.Floor = match.End;
        return true;
    }

    private int NextMark()
    {
        if (_nextMark < _at)
            _nextMark = Jump(_text.Text[_at..].IndexOfAny(Marks), _at);
        return _nextMark;
    }

    private int NextPrefix()
    {
        if (_nextPrefix < _at)
            _nextPrefix = Jump(_text.Text[_at..].IndexOfAny(SecretPrefixes.All), _at);
        return _nextPrefix;
    }

    // Both jumps go forward only, so together they pass over the text twice.
    private int Jump(int found, int from)
    {
        var to = found < 0 ? _text.Text.Length : from + found;
        _text.Examined += to - from;
        return to;
    }
}
