using System.Net.Http.Json;
using System.Text.Json.Serialization;
using Grpc.Core;

namespace AgentPlatform;

/// <summary>
/// The token by which a service calls another on its own behalf: a given one in development, else by OAuth client
/// credentials, kept until shortly before it expires.
/// </summary>
public sealed class ServiceIdentity(IdentitySettings settings, HttpClient http, TimeProvider clock)
{
    private static readonly TimeSpan RenewBefore = TimeSpan.FromSeconds(60);

    private readonly SemaphoreSlim _renewing = new(1, 1);
    private volatile Held? _held;

    /// <summary>Call metadata with the bearer token.</summary>
    public async Task<Metadata> HeadersAsync(CancellationToken cancellation) =>
        new() { { "authorization", $"Bearer {await TokenAsync(cancellation)}" } };

    private async Task<string> TokenAsync(CancellationToken cancellation)
    {
        if (settings.Token.Length > 0)
            return settings.Token;
        if (Current() is { } token)
            return token;
        await _renewing.WaitAsync(cancellation);
        try
        {
            return Current() ?? await FetchAsync(cancellation);
        }
        finally
        {
            _renewing.Release();
        }
    }

    private string? Current() => _held is { } held && clock.GetUtcNow() < held.RenewAt ? held.Token : null;

    private async Task<string> FetchAsync(CancellationToken cancellation)
    {
        using var form = new FormUrlEncodedContent(new Dictionary<string, string>
        {
            ["grant_type"] = "client_credentials",
            ["client_id"] = settings.ClientId,
            ["client_secret"] = settings.ClientSecret,
        });
        using var response = await http.PostAsync(settings.TokenEndpoint, form, cancellation);
        response.EnsureSuccessStatusCode();
        var answer = await response.Content.ReadFromJsonAsync<TokenAnswer>(cancellation)
            ?? throw new HttpRequestException("The token endpoint answered without a token.");
        _held = new Held(answer.AccessToken, clock.GetUtcNow() + TimeSpan.FromSeconds(answer.ExpiresIn) - RenewBefore);
        return answer.AccessToken;
    }

    private sealed record Held(string Token, DateTimeOffset RenewAt);

    private sealed record TokenAnswer(
        [property: JsonPropertyName("access_token")] string AccessToken,
        [property: JsonPropertyName("expires_in")] int ExpiresIn);
}
