using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Platforms;

/// <summary>The platform with an OIDC issuer instead of the development key, as it is outside a developer's machine.</summary>
public sealed class OidcTests(Platform platform) : IClassFixture<Platform>, IAsyncLifetime
{
    private TestIssuer _issuer = null!;

    public async ValueTask InitializeAsync()
    {
        _issuer = await TestIssuer.StartAsync();
        foreach (var service in new[] { "audit", "session" })
        {
            platform.Settings[service] = new()
            {
                ["Authentication:DevelopmentKey"] = "",
                ["Authentication:Authority"] = _issuer.Address,
                ["Authentication:RoleClaim"] = "realm_access.roles",
                ["Identity:Token"] = "",
                ["Identity:TokenEndpoint"] = $"{_issuer.Address}/token",
                ["Identity:ClientId"] = service,
                ["Identity:ClientSecret"] = "secret",
            };
        }
    }

    public ValueTask DisposeAsync() => _issuer.DisposeAsync();

    [Fact]
    public async Task Tokens_of_an_issuer_are_taken_and_services_get_their_own_by_client_credentials()
    {
        var client = await platform.ClientAsync<Client>(_issuer.Mint("user:olga", "operator"));
        for (var i = 0; i < 3; i++)
        {
            var session = (await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" })).Session;
            // Arrives only if the relay's own token was good.
            await Eventually.TrueAsync(async () =>
                (await platform.SqlAsync<string>("SELECT principal FROM audit.audit_log WHERE resource = $1", $"session/{session.Id}")).SequenceEqual(["user:olga"]), "the entry is there");
        }
        Assert.Equal(1, _issuer.TokensGiven);

        await RefusedAsync("TOKEN_NOT_FOR_US", _issuer.Mint("user:olga", "operator", audience: "another-system"));
        await RefusedAsync("TOKEN_NOT_TRUSTED", Tokens.Operator());
        await using var stranger = await TestIssuer.StartAsync();
        await RefusedAsync("TOKEN_NOT_TRUSTED", stranger.Mint("user:olga", "operator"));
    }

    private async Task RefusedAsync(string reason, string token)
    {
        var client = await platform.ClientAsync<Client>(token);
        await Refusal.ExpectAsync(StatusCode.Unauthenticated, reason, async () => await client.ListSessionsAsync(new ListSessionsRequest()));
    }
}
