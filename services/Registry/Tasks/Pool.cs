using System.Security.Cryptography;
using System.Text.Json;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Registry;

/// <summary>A selection of agents whose tasks wait in one queue. Its key says what is in it, so equal selections share a pool.</summary>
public sealed record Pool(string Key, string Role, Platform Platform, IReadOnlyList<string> Capabilities, IReadOnlyList<string> Tags)
{
    private const string Prefix = "pool:";

    /// <summary>The pool of a selection, whatever the order of its names.</summary>
    public static Pool Of(AgentSelection selection)
    {
        string[] capabilities = [.. selection.Capabilities.Distinct().Order(StringComparer.Ordinal)];
        string[] tags = [.. selection.Tags.Distinct().Order(StringComparer.Ordinal)];
        var content = JsonSerializer.SerializeToUtf8Bytes<object[]>([selection.Role, EnumText.Of(selection.Platform), capabilities, tags]);
        return new Pool(Prefix + Convert.ToHexStringLower(SHA256.HashData(content)), selection.Role, selection.Platform, capabilities, tags);
    }

    public static bool IsKey(string queue) => queue.StartsWith(Prefix, StringComparison.Ordinal);

    public AgentSelection ToProto() => new() { Role = Role, Platform = Platform, Capabilities = { Capabilities }, Tags = { Tags } };
}
