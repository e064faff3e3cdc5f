namespace AgentPlatform.Vault.Forms;

/// <summary>How a program that looked at a .pdf ended.</summary>
internal enum PdfOutcome
{
    Done,

    /// <summary>The machine does not have it.</summary>
    Missing,

    /// <summary>It could make nothing of the file.</summary>
    Failed,

    /// <summary>It went beyond its time or memory.</summary>
    GivenUp,
}
