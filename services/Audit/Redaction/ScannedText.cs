namespace AgentPlatform.Audit.Redaction;

/// <summary>
/// The text that rules look at, one character at a time. It counts every look, since that number is the work done: it may grow with the
/// text's length only, whoever wrote the text.
/// </summary>
/// <param name="text">The text.</param>
/// <param name="context">What stands before it elsewhere: the name of the member whose value it is; may be empty.</param>
public ref struct ScannedText(ReadOnlySpan<char> text, ReadOnlySpan<char> context)
{
    // Far enough for "mobile number is: " and near enough not to reach the sentence before.
    private const int HintMaximumCharacters = 24;
    private const int WordMaximumCharacters = 20;
    private const int SeparatorMaximumCharacters = 4;

    /// <summary>The text.</summary>
    public ReadOnlySpan<char> Text { get; } = text;

    /// <summary>What stands before it elsewhere.</summary>
    public ReadOnlySpan<char> Context { get; } = context;

    /// <summary>Where the last match ended. Nothing before it is looked at again.</summary>
    public int Floor { get; set; }

    /// <summary>How many characters were looked at so far, repeated looks included.</summary>
    public long Examined { get; set; }

    /// <summary>The character there; NUL before <see cref="Floor"/> and after the end.</summary>
    public char this[int index]
    {
        get
        {
            Examined++;
            return index >= Floor && index < Text.Length ? Text[index] : '\0';
        }
    }

    /// <summary>Whether a letter or a digit is there.</summary>
    public bool IsWordAt(int index) => IsWord(this[index]);

    /// <summary>Whether an ASCII digit is there.</summary>
    public bool IsDigitAt(int index) => char.IsAsciiDigit(this[index]);

    /// <summary>Whether a word may begin there: no part of one is before it, other than the letter of an escaped line break or tab.</summary>
    public bool StartsWord(int index) => !IsWordAt(index - 1) || this[index - 2] == '\\' && this[index - 1] is 'n' or 'r' or 't';

    /// <summary>
    /// Whether a number ends there for good: no letter follows, and none of <c>- / . , :</c> that joins it to more. A mail address
    /// may begin with a number, and then is one as a whole.
    /// </summary>
    public bool EndsNumber(int end) => this[end] switch
    {
        '@' => false,
        '-' or '/' => !IsWordAt(end + 1),
        '.' or ',' or ':' => !IsDigitAt(end + 1),
        var next => !IsWord(next),
    };

    /// <summary>Whether what begins there is a later part of something longer: "INV-2024", "1.5", "7/8"; not "people/7".</summary>
    public bool IsJoined(int start) => this[start - 1] switch
    {
        '-' or '.' or '\u2011' => IsWordAt(start - 2),
        '/' => IsDigitAt(start - 2),
        _ => false,
    };

    /// <summary>The first index from there on that has no such digit; at most <paramref name="maximum"/> further.</summary>
    public int SkipDigits(int index, int maximum = int.MaxValue)
    {
        var end = index;
        while (end - index < maximum && IsDigitAt(end))
            end++;
        return end;
    }

    /// <summary>The first index from there on where no word character is.</summary>
    public int SkipWord(int index)
    {
        while (IsWordAt(index))
            index++;
        return index;
    }

    /// <summary>The word that leads to there, as in <c>version="</c> or <c>phone: </c>; at the text's start, the context.</summary>
    public ReadOnlySpan<char> WordBefore(int index)
    {
        var end = index;
        while (index - end < SeparatorMaximumCharacters && this[end - 1] is ' ' or ':' or '=' or '"' or '\'' or '(')
            end--;
        var start = end;
        while (end - start < WordMaximumCharacters && IsWordAt(start - 1))
            start--;
        return start == 0 && end == 0 ? Context : Text[start..end];
    }

    /// <summary>
    /// Whether one of the hints stands shortly before, with no digit or closing bracket in between; one after a space is a word's beginning:
    /// " tel" is not in "hotel". Near the text's start the context counts too.
    /// </summary>
    public bool HasHint(int index, ReadOnlySpan<string> hints)
    {
        var start = index;
        // Not beyond a closing bracket: the word in [PHONE] speaks of what was there.
        while (index - start < HintMaximumCharacters && start > Floor && this[start - 1] is not ((>= '0' and <= '9') or ']'))
            start--;
        Span<char> before = stackalloc char[HintMaximumCharacters + 1];
        before[0] = ' ';
        Text[start..index].ToLowerInvariant(before[1..]);
        before = before[..(index - start + 1)];
        if (start > Floor && !IsDigitAt(start - 1) && IsWordAt(start - 1))
            before[0] = '.';
        // Anything that parts words is as good as a space.
        foreach (ref var c in before)
            c = c is '\t' or '\n' or '"' or '\'' or '(' or '_' or '-' or ',' or ';' or '=' ? ' ' : c;
        foreach (var hint in hints)
        {
            if (before.IndexOf(hint) >= 0 || start == 0 && Context.IndexOf(hint.AsSpan().Trim(), StringComparison.OrdinalIgnoreCase) >= 0)
                return true;
        }
        return false;
    }

    /// <summary>A letter or digit of any script. Not an underscore: a number after <c>card_</c> is to be found.</summary>
    public static bool IsWord(char c) => char.IsAscii(c) ? char.IsAsciiLetterOrDigit(c) : char.IsLetterOrDigit(c);
}
