using System.Text;

namespace AgentPlatform.Vault.Unicode;

/// <summary>
/// Forms of a text in which writings of one name are equal. Services run without the system's tables of Unicode, where <see cref="string.Normalize()"/> does nothing,
/// and two instances must not judge a name by different ones: so the vault has its own (forms.txt, made by eng/unicode/forms.mjs).
/// </summary>
public static class UnicodeForms
{
    // Syllables of Hangul are arranged so that their letters can be computed: the standard, 3.12.
    private const int FirstSyllable = 0xAC00;
    private const int LastSyllable = 0xD7A3;
    private const int FirstLead = 0x1100;
    private const int FirstVowel = 0x1161;
    private const int BeforeFirstTail = 0x11A7;
    private const int Vowels = 21;
    private const int Tails = 28;

    private static readonly UnicodeTable Table = UnicodeTable.Load();

    // What no reader shows (Default_Ignorable_Code_Point).
    private static readonly (int First, int Last)[] Unseen =
    [
        (0xAD, 0xAD), (0x34F, 0x34F), (0x61C, 0x61C), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164),
        (0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3), (0x1D173, 0x1D17A), (0xE0000, 0xE0FFF),
    ];

    /// <summary>Canonically decomposed (NFD): alike for what Unicode takes for the same text, an accented letter and the letter with the accent behind it.</summary>
    public static string Canonical(string text) => Ascii.IsValid(text) ? text : ToText(Decompose(text, isCompatible: false));

    /// <summary>
    /// As <see cref="Canonical"/>, and alike in any case of letters, in any width and with any ligature (NFKD), with and without characters that nobody sees: whatever a file
    /// system or a person may take for the same name. Letters that look alike in other alphabets stay others.
    /// </summary>
    public static string Folded(string text) =>
        Ascii.IsValid(text) ? text.ToLowerInvariant() : ToText(Decompose(text, isCompatible: true).SelectMany(InOneCase));

    // Upper case first: letters of which there are two small ones for one capital fall together.
    private static IEnumerable<Rune> InOneCase(Rune rune)
    {
        var folded = Rune.ToLowerInvariant(Rune.ToUpperInvariant(rune));
        return folded.Value == 'ß' ? [new Rune('s'), new Rune('s')] : [folded];
    }

    private static List<Rune> Decompose(string text, bool isCompatible)
    {
        var runes = new List<Rune>(text.Length * 2);
        foreach (var rune in text.EnumerateRunes())
            Decompose(rune, isCompatible, runes);
        // Before the marks are put in order: between two of them, it would keep them apart.
        if (isCompatible)
            runes.RemoveAll(IsUnseen);
        Order(runes);
        return runes;
    }

    private static void Decompose(Rune rune, bool isCompatible, List<Rune> runes)
    {
        if (rune.Value is >= FirstSyllable and <= LastSyllable)
        {
            var (rest, tail) = Math.DivRem(rune.Value - FirstSyllable, Tails);
            runes.Add(new Rune(FirstLead + rest / Vowels));
            runes.Add(new Rune(FirstVowel + rest % Vowels));
            if (tail > 0)
                runes.Add(new Rune(BeforeFirstTail + tail));
            return;
        }
        foreach (var part in Table.Canonical(rune))
        {
            if (isCompatible)
                runes.AddRange(Table.Compatible(part));
            else
                runes.Add(part);
        }
    }

    // Marks of different classes sit in different places around the letter, so their order means nothing; of one class it does, and the sort is stable.
    private static void Order(List<Rune> runes)
    {
        for (var i = 1; i < runes.Count; i++)
        {
            var order = Table.ClassOf(runes[i]);
            for (var at = i; order > 0 && at > 0 && Table.ClassOf(runes[at - 1]) > order; at--)
                (runes[at - 1], runes[at]) = (runes[at], runes[at - 1]);
        }
    }

    private static bool IsUnseen(Rune rune) => Unseen.Any(u => rune.Value >= u.First && rune.Value <= u.Last);

    private static string ToText(IEnumerable<Rune> runes)
    {
        var text = new StringBuilder();
        foreach (var rune in runes)
            text.Append(rune.ToString());
        return text.ToString();
    }
}
