using System.Collections.Frozen;

namespace AgentPlatform.Costings;

/// <summary>
/// How many decimal digits the minor unit of a currency has, by ISO 4217. Two is the rule, so only the exceptions stand
/// here, and a code that ISO adds tomorrow works today.
/// </summary>
public static class Currencies
{
    private const int UsualMinorDigits = 2;

    private static readonly FrozenDictionary<string, int> Exceptions = Table(
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"));

    /// <summary>Whether the text has the shape of a code: three capital letters.</summary>
    public static bool IsCode(string code) => code.Length == 3 && code.All(char.IsAsciiLetterUpper);

    /// <summary>Digits after the point, 0–4.</summary>
    public static int MinorDigits(string code) => Exceptions.GetValueOrDefault(code, UsualMinorDigits);

    private static FrozenDictionary<string, int> Table(params (int Digits, string Codes)[] rows) => rows
        .SelectMany(row => row.Codes.Split(' '), (row, code) => (code, row.Digits))
        .ToFrozenDictionary(entry => entry.code, entry => entry.Digits);
}
