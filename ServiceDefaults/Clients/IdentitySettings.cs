namespace AgentPlatform;

/// <summary>Section <c>Identity</c>: how a service gets its own token.</summary>
public sealed class IdentitySettings
{
    /// <summary>A ready token; the AppHost makes one for each service of a run.</summary>
    public string Token { get; init; } = "";

    /// <summary>The issuer's OAuth token endpoint, for client credentials.</summary>
    public string TokenEndpoint { get; init; } = "";

    public string ClientId { get; init; } = "";

    public string ClientSecret { get; init; } = "";
}
