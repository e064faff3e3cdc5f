namespace AgentPlatform.Gateway;

/// <summary>Section <c>Mcp</c>.</summary>
public sealed class McpSettings
{
    /// <summary>
    /// The origins, as <c>https://console.example.org</c>, whose pages may call <c>/mcp</c>, beside pages from this machine itself. Programs that are no browsers send none, and need not be named.
    /// </summary>
    public string[] Origins { get; init; } = [];

    /// <summary>Whether a request with this origin is taken: a page of anybody's can be made to reach a server on its reader's own machine (DNS rebinding).</summary>
    public bool Allows(string origin) => origin.Length == 0 || Origins.Contains(origin, StringComparer.OrdinalIgnoreCase)
        || Uri.TryCreate(origin, UriKind.Absolute, out var uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps) && uri.IsLoopback;
}
