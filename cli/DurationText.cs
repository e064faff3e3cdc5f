using System.Globalization;

namespace AgentPlatform.Cli;

/// <summary>Lengths of time as people type them: a number and s, m, h or d.</summary>
public static class DurationText
{
    /// <summary>The longest that is understood.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromDays(365);

    /// <summary>"90s", "30m", "7d"; false for anything else, for zero, and beyond <see cref="Longest"/>.</summary>
    public static bool TryParse(string text, out TimeSpan duration)
    {
        TimeSpan? unit = text.Length < 2 ? null : text[^1] switch
        {
            's' => TimeSpan.FromSeconds(1),
            'm' => TimeSpan.FromMinutes(1),
            'h' => TimeSpan.FromHours(1),
            'd' => TimeSpan.FromDays(1),
            _ => null,
        };
        duration = default;
        if (unit is not { } one || !int.TryParse(text.AsSpan(..^1), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
            || count < 1 || count > Longest / one)
            return false;
        duration = count * one;
        return true;
    }
}
