using System.Globalization;

namespace AgentPlatform.Registry;

/// <summary>A field of a cron expression: its bounds, and the words that stand for its numbers. A week has Sunday at both of its ends.</summary>
internal sealed record CronField(string Name, int Least, int Most, string[] Words)
{
    // Sunday again, as 7, is left to those who write it.
    private int Greatest => IsWeek ? Most - 1 : Most;

    private bool IsWeek => Words.Length == 7;

    /// <summary>Every value, a bit each.</summary>
    public ulong All => Values(Least, Greatest, 1);

    public bool TryParse(string text, out ulong values, out string problem)
    {
        (values, problem) = (0, "");
        foreach (var part in text.Split(','))
        {
            if (!TryParsePart(part, out var some, out problem))
                return false;
            values |= some;
        }
        return true;
    }

    private bool TryParsePart(string part, out ulong values, out string problem)
    {
        values = 0;
        var (range, step) = part.Split('/') switch
        {
            [var whole] => (whole, 0),
            [var before, var number] when TryNumber(number, out var every) && every >= 1 && every <= Most => (before, every),
            _ => ("", 0),
        };
        problem = $"has '{part}' as {Name}: {Least}–{Most} is allowed, *, ranges a-b, and steps of 1–{Most} after a slash";
        if (range == "*")
        {
            values = Values(Least, Greatest, Math.Max(1, step));
            return true;
        }
        var ends = range.Split('-');
        if (ends.Length > 2 || !TryValue(ends[0], out var first) || !TryValue(ends[^1], out var last))
            return false;
        if (IsWeek && ends.Length == 2 && last == 0 && first > 0)
            last = Most;
        if (last < first)
        {
            problem = $"has '{part}' as {Name}, which ends before it begins";
            return false;
        }
        values = Values(first, ends.Length == 1 && step > 0 ? Math.Max(first, Greatest) : last, Math.Max(1, step));
        return true;
    }

    private bool TryValue(string text, out int value)
    {
        var word = Array.FindIndex(Words, w => w.Equals(text, StringComparison.OrdinalIgnoreCase));
        value = word + Least;
        return word >= 0 || TryNumber(text, out value) && value >= Least && value <= Most;
    }

    private static bool TryNumber(string text, out int number) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);

    private static ulong Values(int first, int last, int step)
    {
        var values = 0UL;
        for (var value = first; value <= last; value += step)
            values |= 1UL << value;
        return values;
    }
}
