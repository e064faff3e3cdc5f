using AgentPlatform.Vault.Unicode;

namespace AgentPlatform.Vault;

/// <summary>A path, or a pattern of paths, part by part in the forms in which it is compared.</summary>
public sealed class PathForms(string path)
{
    private string[]? _canonical;
    private string[]? _folded;

    /// <summary>For what allows: equal for two writings of one name, and for nothing else.</summary>
    public string[] Canonical => _canonical ??= [.. path.Split('/').Select(UnicodeForms.Canonical)];

    /// <summary>For what denies: equal for all that could be taken for one name.</summary>
    public string[] Folded => _folded ??= [.. path.Split('/').Select(UnicodeForms.Folded)];
}
