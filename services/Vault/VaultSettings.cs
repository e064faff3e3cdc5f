namespace AgentPlatform.Vault;

/// <summary>Section <c>Vault</c>.</summary>
public sealed class VaultSettings
{
    /// <summary>
    /// Required. The folder whose files are handed out: an absolute path, outside every git work tree and not writable by others.
    /// </summary>
    public string Root { get; init; } = "";
}
