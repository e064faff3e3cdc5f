using System.Globalization;
using System.Text;

namespace AgentPlatform.Vault;

/// <summary>
/// A pattern of paths: <c>*</c> is any characters within a part, <c>?</c> one with its accents, and a part <c>**</c> any number of parts, none as well. It is matched
/// against whole paths, part by part, in time of at most the product of both lengths.
/// </summary>
public sealed class PathPattern(string text)
{
    private const string AnyParts = "**";
    private const char AnyCharacters = '*';
    private const char OneCharacter = '?';

    // Vowels and final consonants of Hangul, which stand behind the first letter of their syllable.
    private const int FirstHangulVowel = 0x1160;
    private const int LastHangulTail = 0x11FF;

    private readonly PathForms _forms = new(text);

    public override string ToString() => text;

    /// <summary>Whether <c>**</c> stands alone wherever it stands.</summary>
    public static bool IsWellFormed(string text) => text.Split('/').All(part => part == AnyParts || !part.Contains(AnyParts, StringComparison.Ordinal));

    /// <summary>Whether it matches just this name, in whichever way Unicode writes it.</summary>
    public bool Matches(PathForms path) => Matches(_forms.Canonical, path.Canonical);

    /// <summary>Whether it matches what a file system or a person could take for this name: for what must not be evaded.</summary>
    public bool MatchesInAnyForm(PathForms path) => Matches(path) || Matches(_forms.Folded, path.Folded);

    /// <summary>Whether paths in this folder, which is written with its "/" at the end, can match.</summary>
    public bool MayMatchBelow(PathForms folder)
    {
        var (pattern, parts) = (_forms.Canonical, folder.Canonical[..^1]);
        for (var i = 0; i < parts.Length; i++)
        {
            if (i == pattern.Length)
                return false;
            if (pattern[i] == AnyParts)
                return true;
            if (!IsPart(pattern[i], parts[i]))
                return false;
        }
        return parts.Length < pattern.Length;
    }

    // Of several "**", only the last one met needs to be tried again: what the ones before it took need not change.
    private static bool Matches(string[] pattern, string[] path)
    {
        var (at, here) = (0, 0);
        var (retryAt, retryHere) = (-1, 0);
        while (here < path.Length)
        {
            if (at < pattern.Length && pattern[at] == AnyParts)
                (retryAt, retryHere) = (at++, here);
            else if (at < pattern.Length && IsPart(pattern[at], path[here]))
                (at, here) = (at + 1, here + 1);
            else if (retryAt >= 0)
                (at, here) = (retryAt + 1, ++retryHere);
            else
                return false;
        }
        return pattern.AsSpan(at).IndexOfAnyExcept(AnyParts) < 0;
    }

    // The same within a part, character by character.
    private static bool IsPart(string pattern, string part)
    {
        var (at, here) = (0, 0);
        var (retryAt, retryHere) = (-1, 0);
        while (here < part.Length)
        {
            var end = EndOfCharacter(part, here);
            if (at < pattern.Length && pattern[at] == AnyCharacters)
                (retryAt, retryHere) = (at++, here);
            else if (at < pattern.Length && pattern[at] == OneCharacter)
                (at, here) = (at + 1, end);
            else if (at < pattern.Length && EndOfCharacter(pattern, at) is var endAt && pattern.AsSpan(at..endAt).SequenceEqual(part.AsSpan(here..end)))
                (at, here) = (endAt, end);
            else if (retryAt >= 0)
                (at, here, retryHere) = (retryAt + 1, EndOfCharacter(part, retryHere), EndOfCharacter(part, retryHere));
            else
                return false;
        }
        return pattern.AsSpan(at).IndexOfAnyExcept(AnyCharacters) < 0;
    }

    // Behind a character and what belongs to it: accents and other marks, and the rest of a syllable of Hangul.
    private static int EndOfCharacter(string text, int start)
    {
        var end = start + Rune.GetRuneAt(text, start).Utf16SequenceLength;
        while (end < text.Length && !char.IsAscii(text[end]) && Rune.GetRuneAt(text, end) is var next && Belongs(next))
            end += next.Utf16SequenceLength;
        return end;
    }

    private static bool Belongs(Rune rune) => rune.Value is >= FirstHangulVowel and <= LastHangulTail
        || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
}
