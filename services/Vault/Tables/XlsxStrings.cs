using System.Text;
using System.Xml;

namespace AgentPlatform.Vault.Tables;

/// <summary>The texts that a workbook's cells share.</summary>
internal static class XlsxStrings
{
    // How Japanese is to be read aloud is no part of the text.
    public const string Phonetic = "rPh";

    public static SharedTexts Read(XlsxPackage package, string? part)
    {
        var strings = new SharedTexts();
        if (part is null)
            return strings;
        var (text, characters) = (new StringBuilder(), 0L);
        using var xml = package.OpenXml(part);
        while (xml.Next(part))
        {
            if (xml.NodeType is not XmlNodeType.Element || xml.LocalName != "si")
                continue;
            if (strings.Count == TableLimits.SharedStrings)
                throw TableErrors.TooLarge($"the workbook has more than {TableLimits.SharedStrings:N0} texts");
            xml.AddText(text.Clear(), part, () => $"text {strings.Count + 1:N0} of the workbook", except: Phonetic);
            if ((characters += text.Length) > TableLimits.Characters)
                throw TableErrors.TooLarge($"the workbook's texts have more than {TableLimits.Characters:N0} characters");
            strings.Add(text.ToString());
        }
        return strings;
    }
}
