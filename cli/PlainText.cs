using System.Globalization;
using System.Text;

namespace AgentPlatform.Cli;

/// <summary>
/// Texts of others as a person may trust them on a terminal: what would steer it, or turn the order of letters round, is shown as its code.
/// </summary>
public static class PlainText
{
    /// <summary>The text in one line.</summary>
    public static string Of(string text)
    {
        var plain = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (char.IsControl(c) || char.GetUnicodeCategory(c) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
                plain.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            else
                plain.Append(c);
        }
        return plain.ToString();
    }
}
