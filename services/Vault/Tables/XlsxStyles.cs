using System.Globalization;
using System.Xml;

namespace AgentPlatform.Vault.Tables;

/// <summary>Of a workbook's cell formats, what tells days and times from numbers: in the file, both are numbers.</summary>
internal sealed class XlsxStyles
{
    private readonly List<ExcelFormat> _formats = [];

    /// <summary>What a cell with this style shows a number as.</summary>
    public ExcelFormat this[int style] => style >= 0 && style < _formats.Count ? _formats[style] : ExcelFormat.Number;

    public static XlsxStyles Read(XlsxPackage package, string? part)
    {
        var styles = new XlsxStyles();
        if (part is null)
            return styles;
        var (custom, isInFormats) = (new Dictionary<int, ExcelFormat>(), false);
        using var xml = package.OpenXml(part);
        while (xml.Next(part))
        {
            // Formats of styles ("cellStyleXfs") are written in the same words, and are not those that cells name.
            if (xml.LocalName == "cellXfs")
                isInFormats = xml.NodeType is XmlNodeType.Element && !xml.IsEmptyElement;
            if (xml.NodeType is not XmlNodeType.Element)
                continue;
            if (xml.LocalName == "numFmt" && custom.Count < TableLimits.Styles)
                custom[Number(xml, "numFmtId")] = ExcelFormats.OfCode(xml.GetAttribute("formatCode") ?? "");
            else if (xml.LocalName == "xf" && isInFormats)
                styles.Add(custom, Number(xml, "numFmtId"));
        }
        return styles;
    }

    private void Add(Dictionary<int, ExcelFormat> custom, int id)
    {
        if (_formats.Count == TableLimits.Styles)
            throw TableErrors.TooLarge($"the workbook has more than {TableLimits.Styles:N0} cell formats");
        _formats.Add(custom.TryGetValue(id, out var format) ? format : ExcelFormats.OfBuiltIn(id));
    }

    private static int Number(XmlReader xml, string attribute) =>
        int.TryParse(xml.GetAttribute(attribute), NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : 0;
}
