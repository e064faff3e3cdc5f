namespace AgentPlatform;

/// <summary>Section <c>Authentication</c>: whose tokens to trust.</summary>
public sealed class AuthenticationSettings
{
    /// <summary>The issuer of tokens that are signed with the development key.</summary>
    public const string DevelopmentIssuer = "agentplatform-development";

    /// <summary>Any OIDC issuer's address, for example a Keycloak realm; its keys are read from its discovery document.</summary>
    public string Authority { get; init; } = "";

    /// <summary>What a token's <c>aud</c> must name.</summary>
    public string Audience { get; init; } = "agentplatform";

    /// <summary>Where the roles stand in a token: a claim, or a claim and a member of it: "realm_access.roles".</summary>
    public string RoleClaim { get; init; } = "roles";

    /// <summary>Public key (SubjectPublicKeyInfo, base64) that the AppHost makes for a run. Taken in the environment Development only.</summary>
    public string DevelopmentKey { get; init; } = "";
}
