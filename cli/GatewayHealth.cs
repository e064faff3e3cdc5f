using System.Net.Http.Json;
using System.Text.Json;

namespace AgentPlatform.Cli;

/// <summary>Asks the gateway how it and the services behind it are.</summary>
public sealed class GatewayHealth : IDisposable
{
    // The gateway gives each service 2 s to answer.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(5);

    // Loopback is never behind a proxy, whatever the environment says.
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = AnswerTimeout };

    /// <summary>The gateway's report, also when it says that it cannot serve; null when it does not answer.</summary>
    public async Task<HealthReport?> ReadAsync(RunNote note)
    {
        try
        {
            using var response = await _http.GetAsync(new Uri($"{note.Http}/health"));
            return await response.Content.ReadFromJsonAsync<HealthReport>();
        }
        // Not up yet, gone, or stuck: no answer, which the caller shows as what it is.
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException)
        {
            return null;
        }
    }

    public void Dispose() => _http.Dispose();
}
