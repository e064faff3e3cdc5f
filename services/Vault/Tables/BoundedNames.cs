using System.Xml;

namespace AgentPlatform.Vault.Tables;

/// <summary>
/// The names of elements, attributes and namespaces that a parser has met. It keeps each of them until the document ends, and has no bound for how many there are: a document in which no
/// two elements have the same name would come to many times its size.
/// </summary>
internal sealed class BoundedNames(string part) : NameTable
{
    // What one costs beside its characters.
    private const int NameOverhead = 32;

    private int _size;

    public override string Add(string key) => base.Get(key) ?? base.Add(Counted(key));

    public override string Add(char[] key, int start, int len)
    {
        if (base.Get(key, start, len) is { } known)
            return known;
        Count(len);
        return base.Add(key, start, len);
    }

    private string Counted(string key)
    {
        Count(key.Length);
        return key;
    }

    private void Count(int characters)
    {
        if ((_size += characters + NameOverhead) > TableLimits.XmlNamesSize)
            throw TableErrors.TooLarge($"{part} has too many different names of elements and attributes");
    }
}
