namespace AgentPlatform.Audit.Redaction;

/// <summary>The kinds, and their names in settings, counts and texts.</summary>
public static class RedactionKinds
{
    private static readonly string[] Names = ["email", "phone", "card", "iban", "ssn", "ip", "token", "api_key", "private_key"];
    private static readonly string[] Placeholders = [.. Names.Select(n => $"[{n.ToUpperInvariant()}]")];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<RedactionKind> All { get; } = Enum.GetValues<RedactionKind>();

    /// <summary>"api_key": as settings and counts name the kind.</summary>
    public static string Name(this RedactionKind kind) => Names[(int)kind];

    /// <summary>"[API_KEY]": what stands in the text instead.</summary>
    public static string Placeholder(this RedactionKind kind) => Placeholders[(int)kind];

    /// <summary>The kind of that name; false when there is none.</summary>
    public static bool TryParse(string name, out RedactionKind kind)
    {
        kind = (RedactionKind)Array.IndexOf(Names, name);
        return kind >= 0;
    }
}
