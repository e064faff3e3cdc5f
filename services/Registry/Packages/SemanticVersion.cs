using System.Numerics;
using System.Text.RegularExpressions;

namespace AgentPlatform.Registry;

/// <summary>A version by Semantic Versioning 2.0.0, and its precedence (§ 11): "1.0.0-rc.2" is before "1.0.0-rc.10", and both before "1.0.0".</summary>
public sealed partial class SemanticVersion : IComparable<SemanticVersion>
{
    public const int MaximumCharacters = 128;

    private readonly BigInteger[] _core;
    private readonly string[] _preRelease;

    private SemanticVersion(BigInteger[] core, string[] preRelease) => (_core, _preRelease) = (core, preRelease);

    /// <summary>Reads a version; null when the text is none.</summary>
    public static SemanticVersion? TryParse(string text)
    {
        if (text.Length > MaximumCharacters || Form().Match(text) is not { Success: true } match)
            return null;
        var preRelease = match.Groups["pre"].Value;
        return new SemanticVersion(
            [.. new[] { "major", "minor", "patch" }.Select(part => Number(match.Groups[part].Value))], preRelease.Length == 0 ? [] : preRelease.Split('.'));
    }

    /// <inheritdoc />
    public int CompareTo(SemanticVersion? other)
    {
        if (other is null)
            return 1;
        for (var i = 0; i < _core.Length; i++)
            if (_core[i].CompareTo(other._core[i]) is not 0 and var byCore)
                return byCore;
        // A pre-release is before its release.
        if (_preRelease.Length == 0 || other._preRelease.Length == 0)
            return other._preRelease.Length.CompareTo(_preRelease.Length);
        for (var i = 0; i < Math.Min(_preRelease.Length, other._preRelease.Length); i++)
            if (Compare(_preRelease[i], other._preRelease[i]) is not 0 and var byIdentifier)
                return byIdentifier;
        return _preRelease.Length.CompareTo(other._preRelease.Length);
    }

    // Numbers by value, and before words; words by their ASCII codes.
    private static int Compare(string one, string other) => (one.All(char.IsAsciiDigit), other.All(char.IsAsciiDigit)) switch
    {
        (true, true) => Number(one).CompareTo(Number(other)),
        (true, false) => -1,
        (false, true) => 1,
        _ => string.CompareOrdinal(one, other),
    };

    private static BigInteger Number(string digits) => BigInteger.Parse(digits, System.Globalization.CultureInfo.InvariantCulture);

    [GeneratedRegex("""
        \A(?<major>0|[1-9][0-9]*)\.(?<minor>0|[1-9][0-9]*)\.(?<patch>0|[1-9][0-9]*)
        (-(?<pre>(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9][0-9]*|[0-9]*[a-zA-Z-][0-9a-zA-Z-]*))*))?
        (\+[0-9a-zA-Z-]+(\.[0-9a-zA-Z-]+)*)?\z
        """, RegexOptions.IgnorePatternWhitespace | RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Form();
}
