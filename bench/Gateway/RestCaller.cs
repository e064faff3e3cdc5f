using System.Net;
using System.Net.Http.Headers;

namespace AgentPlatform.Bench.Gateway;

/// <summary>Calls by REST over connections that stay open, one for each call that is under way, and reads the bytes of the answers.</summary>
public sealed class RestCaller : IDisposable
{
    private readonly HttpClient _http;
    private readonly AuthenticationHeaderValue[] _authorizations;

    public RestCaller(string address, IEnumerable<string> tokens)
    {
        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false }) { BaseAddress = new Uri(address) };
        _authorizations = [.. tokens.Select(token => new AuthenticationHeaderValue("Bearer", token))];
    }

    public async Task GetSessionAsync(int caller, string id)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/sessions/{id}")
        {
            Headers = { Authorization = _authorizations[caller % _authorizations.Length] },
        };
        using var response = await _http.SendAsync(request);
        if (response.StatusCode != HttpStatusCode.OK)
            throw new IOException($"REST answered {(int)response.StatusCode}: {await response.Content.ReadAsStringAsync()}");
        await response.Content.ReadAsByteArrayAsync();
    }

    public void Dispose() => _http.Dispose();
}
