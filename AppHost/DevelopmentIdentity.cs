using AgentPlatform.Cli;

namespace AgentPlatform.AppHost;

/// <summary>
/// Who is who on a developer's machine: a signing key for the run, and a token for each service. Elsewhere an OIDC provider does this.
/// </summary>
internal sealed class DevelopmentIdentity
{
    /// <summary>Longer than any run; the tokens are worthless after it, as the next one has another key.</summary>
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromDays(365);

    private readonly DevelopmentKey _key;

    private DevelopmentIdentity(DevelopmentKey key) => _key = key;

    /// <summary>What tokens are checked with; see <see cref="DevelopmentKey.PublicKey"/>.</summary>
    public string PublicKey => _key.PublicKey;

    /// <summary>Makes the key of this run and leaves it in the data folder, for tokens of people and agents.</summary>
    public static DevelopmentIdentity Create(DataFolder data)
    {
        var key = DevelopmentKey.Create();
        key.Save(data.DevelopmentKey);
        return new DevelopmentIdentity(key);
    }

    /// <summary>The token that a service shows to other services.</summary>
    public string TokenFor(string service) => _key.Mint($"service:{service}", ["service"], agentId: null, TokenLifetime, TimeProvider.System);
}
