using System.Runtime.CompilerServices;

namespace AgentPlatform.Audit.Redaction;

/// <summary>Digits in groups as people write phone numbers: "+49 (0)30 1234567", "415-555-0123", "01.23.45.67.89".</summary>
public struct DigitGroups
{
    /// <summary>The most that are read; longer rows are tables of figures.</summary>
    public const int Maximum = 8;

    private const int DigitsMaximum = 17;
    private const int SeparatorMaximumCharacters = 3;

    // A country or trunk digit and one of an area, as in +1 (0)2 …; more are a list of figures.
    private const int SinglesMaximum = 2;
    private Ends _ends;
    private Ends _lengths;

    /// <summary>How many groups there are.</summary>
    public int Count { get; private set; }

    /// <summary>How many digits the group has.</summary>
    public readonly int Length(int group) => _lengths[group];

    /// <summary>Where the group begins.</summary>
    public readonly int Start(int group) => _ends[group] - _lengths[group];

    /// <summary>Just behind the group.</summary>
    public readonly int End(int group) => _ends[group];

    /// <summary>How many digits the first groups have.</summary>
    public readonly int Digits(int groups)
    {
        var digits = 0;
        for (var i = 0; i < groups; i++)
            digits += _lengths[i];
        return digits;
    }

    /// <summary>Reads the groups from the first digit on, up to one that belongs to a word, a date or a time.</summary>
    public static DigitGroups Read(ref ScannedText text, int at)
    {
        var groups = new DigitGroups();
        var (digits, singles) = (0, 0);
        while (groups.Count < Maximum)
        {
            var end = text.SkipDigits(at, DigitsMaximum + 1);
            digits += end - at;
            singles += end - at == 1 ? 1 : 0;
            if (end == at || digits > DigitsMaximum || singles > SinglesMaximum || ScannedText.IsWord(text[end]) || groups.Count > 0 && StartsDateOrTime(ref text, at, end))
                break;
            groups._ends[groups.Count] = end;
            groups._lengths[groups.Count] = end - at;
            groups.Count++;
            at = SkipSeparator(ref text, end);
            if (at == end)
                break;
        }
        return groups;
    }

    private static bool StartsDateOrTime(ref ScannedText text, int start, int end) =>
        text[end] == ':' && text.IsDigitAt(end + 1) || end - start == 4 && text[end] == '-' && text.IsDigitAt(end + 1) && text[end + 3] == '-';

    private static int SkipSeparator(ref ScannedText text, int at)
    {
        var end = at;
        var joins = false;
        for (; end - at < SeparatorMaximumCharacters; end++)
        {
            var c = text[end];
            if (c is '(' or ')' or '-' or '/' or '\u2011' or '\u2013')
                joins = true;
            else if (c is not (' ' or '.' or '\u00A0' or '\u202F'))
                break;
        }
        // One character of any kind, or several with a bracket or a stroke among them; two blanks part columns.
        return text.IsDigitAt(end) && (end - at == 1 || joins) ? end : at;
    }

    [InlineArray(Maximum)]
    private struct Ends
    {
        private int _first;
    }
}
