using System.Text.RegularExpressions;

namespace AgentPlatform;

/// <summary>
/// Enum values as columns hold them: lower_snake_case words that a person at psql can read, and "" for the unspecified one,
/// which filters take as "any".
/// </summary>
public static partial class EnumText
{
    public static string Of<T>(T value) where T : struct, System.Enum => Texts<T>.ByValue[value];

    public static T Parse<T>(string text) where T : struct, System.Enum => Texts<T>.ByText[text];

    private static class Texts<T> where T : struct, System.Enum
    {
        public static readonly Dictionary<T, string> ByValue = System.Enum.GetValues<T>().ToDictionary(v => v, Write);
        public static readonly Dictionary<string, T> ByText = ByValue.ToDictionary(p => p.Value, p => p.Key);

        private static string Write(T value) => value.ToString() is "Unspecified" or "" ? ""
            : WordStart().Replace(value.ToString(), "_$0").ToLowerInvariant();
    }

    [GeneratedRegex("(?<!^)[A-Z]")]
    private static partial Regex WordStart();
}
