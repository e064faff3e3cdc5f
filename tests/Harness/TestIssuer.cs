using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace AgentPlatform.Tests;

/// <summary>An OIDC issuer as far as the platform uses one: discovery, keys, and tokens for client credentials. Roles stand where Keycloak puts them.</summary>
public sealed class TestIssuer : IAsyncDisposable
{
    private readonly RSA _rsa = RSA.Create(2048);
    private readonly RsaSecurityKey _key;
    private readonly WebApplication _app;
    private int _tokensGiven;

    private TestIssuer()
    {
        _key = new RsaSecurityKey(_rsa) { KeyId = "test-key" };
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        _app = builder.Build();
        _app.MapGet("/.well-known/openid-configuration", () => Results.Json(new { issuer = Address, jwks_uri = $"{Address}/keys", token_endpoint = $"{Address}/token" }));
        _app.MapGet("/keys", () => Results.Text(Keys().ToJsonString(), "application/json"));
        _app.MapPost("/token", GiveTokenAsync);
    }

    public string Address { get; private set; } = "";

    public int TokensGiven => _tokensGiven;

    public static async Task<TestIssuer> StartAsync()
    {
        var issuer = new TestIssuer();
        await issuer._app.StartAsync();
        issuer.Address = issuer._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return issuer;
    }

    public string Mint(string subject, string role, string audience = "agentplatform") => new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
    {
        Issuer = Address,
        Audience = audience,
        Claims = new Dictionary<string, object>
        {
            ["sub"] = subject,
            ["realm_access"] = new Dictionary<string, object> { ["roles"] = new[] { "offline_access", role } },
        },
        SigningCredentials = new SigningCredentials(_key, SecurityAlgorithms.RsaSha256),
    });

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _rsa.Dispose();
    }

    private async Task<IResult> GiveTokenAsync(HttpRequest request)
    {
        var form = await request.ReadFormAsync();
        if (form["grant_type"] != "client_credentials" || form["client_secret"] != "secret")
            return Results.Unauthorized();
        Interlocked.Increment(ref _tokensGiven);
        return Results.Json(new { access_token = Mint($"service:{form["client_id"]}", "service"), expires_in = 300 });
    }

    private JsonObject Keys()
    {
        var key = JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(_rsa.ExportParameters(false)) { KeyId = _key.KeyId });
        return new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject { ["kty"] = key.Kty, ["use"] = "sig", ["alg"] = "RS256", ["kid"] = key.Kid, ["n"] = key.N, ["e"] = key.E }),
        };
    }
}
