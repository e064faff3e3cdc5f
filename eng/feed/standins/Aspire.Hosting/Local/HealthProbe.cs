using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Aspire.Hosting.Local;

/// <summary>Asks all health checks of a resource until they agree.</summary>
internal sealed class HealthProbe(HealthCheckService checks, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RequestTimeout = TimeSpan.FromSeconds(2);

    // A proxy named in the environment is not for this machine's own addresses.
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false }) { Timeout = RequestTimeout };

    public async Task WaitAsync(IResource resource, CancellationToken stopping)
    {
        while (!await IsHealthyAsync(resource, stopping))
        {
            await Task.Delay(Interval, clock, stopping);
        }
    }

    public void Dispose() => _http.Dispose();

    private async Task<bool> IsHealthyAsync(IResource resource, CancellationToken stopping)
    {
        var keys = resource.Annotations.OfType<HealthCheckAnnotation>().Select(annotation => annotation.Key).ToHashSet();
        if (keys.Count > 0 && (await checks.CheckHealthAsync(check => keys.Contains(check.Name), stopping)).Status != HealthStatus.Healthy)
        {
            return false;
        }

        foreach (var check in resource.Annotations.OfType<HttpHealthCheckAnnotation>())
        {
            var endpoint = resource.Annotations.OfType<EndpointAnnotation>().SingleOrDefault(endpoint => endpoint.Name == check.EndpointName)
                ?? throw new DistributedApplicationException(
                    $"{resource.Name}: its health check asks endpoint {check.EndpointName}, which it does not have");
            foreach (var port in endpoint.Ports)
            {
                if (!await AnswersAsync(new Uri(endpoint.Url(port) + check.Path), check.StatusCode, stopping))
                {
                    return false;
                }
            }
        }

        return true;
    }

    private async Task<bool> AnswersAsync(Uri address, int statusCode, CancellationToken stopping)
    {
        try
        {
            using var response = await _http.GetAsync(address, HttpCompletionOption.ResponseHeadersRead, stopping);
            return (int)response.StatusCode == statusCode;
        }
        catch (Exception problem) when (problem is HttpRequestException or TaskCanceledException && !stopping.IsCancellationRequested)
        {
            // Not listening yet, or too slow: asked again.
            return false;
        }
    }
}
