using System.Xml;

namespace AgentPlatform.Vault.Tables;

/// <summary>Where in an XML document its rows are: elements of this name at this depth.</summary>
internal sealed record XmlShape(string RowElement, int Depth)
{
    // Whoever has this many names beside each other has found no row among them.
    private const int RememberedNames = 1_000;

    /// <summary>Finds the elements of a name, at the depth where the first one is; without a name those that repeat, at the shallowest depth.</summary>
    public static XmlShape Find(XmlReader xml, string part, string rowElement)
    {
        var siblings = new List<HashSet<string>>();
        var (found, only) = ((XmlShape?)null, (XmlShape?)null);
        while (xml.Next(part))
        {
            if (xml.NodeType is not XmlNodeType.Element || (rowElement.Length > 0 && found is not null))
                continue;
            var (name, depth) = (xml.LocalName, xml.Depth);
            if (rowElement.Length > 0)
                found = name == rowElement ? new XmlShape(name, depth) : null;
            else if ((found is null || depth < found.Depth) && Repeats(siblings, name, depth))
                found = new XmlShape(name, depth);
            // A list of one: the root's only child.
            only ??= depth == 1 ? new XmlShape(name, depth) : null;
        }
        if (rowElement.Length > 0 && found is null)
            throw Errors.InvalidArgument("sheet", "is the name of no element in the document");
        return found ?? only ?? throw TableErrors.NotATable("The document has no elements that could be rows.");
    }

    private static bool Repeats(List<HashSet<string>> siblings, string name, int depth)
    {
        while (siblings.Count <= depth)
            siblings.Add(new HashSet<string>(StringComparer.Ordinal));
        // Another parent's children are no siblings of these.
        if (siblings.Count > depth + 1)
            siblings.RemoveRange(depth + 1, siblings.Count - depth - 1);
        return siblings[depth].Count < RememberedNames ? !siblings[depth].Add(name) : siblings[depth].Contains(name);
    }
}
