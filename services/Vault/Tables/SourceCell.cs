namespace AgentPlatform.Vault.Tables;

/// <summary>A cell as its file has it; <see cref="Text"/> is in the form that its kind prescribes.</summary>
internal readonly record struct SourceCell(SourceCellKind Kind, string Text)
{
    public static readonly SourceCell Empty = new(SourceCellKind.Empty, "");

    /// <summary>Text that may mean something; none when there is nothing but white space.</summary>
    public static SourceCell Plain(string text) => string.IsNullOrWhiteSpace(text) ? Empty : new(SourceCellKind.Plain, text);

    /// <summary>Text that is meant as such; none when there is nothing but white space.</summary>
    public static SourceCell Literal(string text) => string.IsNullOrWhiteSpace(text) ? Empty : new(SourceCellKind.Text, text);
}
