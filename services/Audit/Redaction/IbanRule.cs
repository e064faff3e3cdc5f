using System.Collections.Frozen;

namespace AgentPlatform.Audit.Redaction;

/// <summary>International bank account numbers (ISO 13616): country, its length, and check digits that make the whole 1 modulo 97.</summary>
public static class IbanRule
{
    private const int CountryCharacters = 2;
    private const int GroupCharacters = 4;
    private const int LongestCharacters = 34;

    // From the IBAN registry.
    private const string CountryLengths = """
        AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ES24 FI18 FK18 FO18 FR27
        GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19
        MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23
        TN24 TR26 UA29 VA22 VG24 XK20 YE30
        """;

    // Where all that follows the country is digits; a digest in hexadecimal that begins with "be" is no account in Belgium.
    private static readonly FrozenSet<string> DigitsOnly =
        "AE AT BA BE CZ DE DK EE ES FI HR HU IL LT NO PL PT RS SE SI SK".Split(' ').ToFrozenSet();

    private static readonly FrozenDictionary<string, int> Lengths = CountryLengths.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)
        .ToFrozenDictionary(c => c[..CountryCharacters], c => int.Parse(c.AsSpan(CountryCharacters), System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>A number whose first check digit is there.</summary>
    public static bool TryMatch(ref ScannedText text, int at, out Match match)
    {
        match = default;
        var start = at - CountryCharacters;
        if (!char.IsAsciiLetter(text[at - 1]) || !char.IsAsciiLetter(text[start]) || !text.StartsWord(start))
            return false;
        Span<char> country = stackalloc char[CountryCharacters];
        text.Text[start..at].ToUpperInvariant(country);
        if (!Lengths.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(country, out var length))
            return false;
        var digitsOnly = DigitsOnly.GetAlternateLookup<ReadOnlySpan<char>>().Contains(country);

        Span<char> digits = stackalloc char[LongestCharacters];
        var read = 0;
        var end = start;
        while (read < length)
        {
            // Printed numbers stand in groups of four.
            if (read > 0 && read % GroupCharacters == 0 && text[end] is ' ' or '\u00A0' or '-')
                end++;
            var c = text[end++];
            // The check digits are digits everywhere.
            var mustBeDigit = read >= CountryCharacters && (digitsOnly || read < GroupCharacters);
            if (mustBeDigit ? !char.IsAsciiDigit(c) : !char.IsAsciiLetterOrDigit(c))
                return false;
            digits[read++] = char.ToUpperInvariant(c);
        }
        match = new Match(RedactionKind.Iban, start, end);
        return !text.IsWordAt(end) && Checks(digits[..length]);
    }

    // Country and check digits go to the back, letters count from 10; then the number modulo 97, digit by digit.
    private static bool Checks(ReadOnlySpan<char> number)
    {
        var remainder = 0;
        for (var i = 0; i < number.Length; i++)
        {
            var c = number[(i + GroupCharacters) % number.Length];
            remainder = char.IsAsciiDigit(c) ? (remainder * 10 + c - '0') % 97 : (remainder * 100 + c - 'A' + 10) % 97;
        }
        return remainder == 1;
    }
}
