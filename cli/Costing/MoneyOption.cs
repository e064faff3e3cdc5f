using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using AgentPlatform.Contracts.Type.V1;

namespace AgentPlatform.Cli.Costings;

/// <summary>An amount of money on a command line: "ZAR 1250.50" or "ZAR1250.50".</summary>
public static class MoneyOption
{
    private const int CodeLetters = 3;
    private const int FinestDigits = 9;
    private const decimal Largest = 9_999_999_999_999m;

    public static Option<Money?> Create(string name, string description, bool required = false) =>
        new(name) { HelpName = "MONEY", Description = description, Required = required, CustomParser = Parse };

    /// <summary>Reads an amount; null when it is none.</summary>
    public static Money? Read(string text)
    {
        var code = text.Length > CodeLetters ? text[..CodeLetters] : "";
        return code.All(char.IsAsciiLetterUpper) && code.Length > 0
            && decimal.TryParse(text[CodeLetters..].Trim(), NumberStyles.AllowDecimalPoint | NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var amount)
            && amount <= Largest && decimal.Round(amount, FinestDigits) == amount ? MoneyText.Parse(code, amount) : null;
    }

    private static Money? Parse(ArgumentResult result)
    {
        var money = Read(string.Join(' ', result.Tokens.Select(t => t.Value)));
        if (money is null)
            result.AddError($"'{string.Join(' ', result.Tokens.Select(t => t.Value))}' is no amount such as ZAR1250.50.");
        return money;
    }
}
