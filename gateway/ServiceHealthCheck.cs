using System.Text.Json;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AgentPlatform.Gateway;

/// <summary>
/// Asks the instances of one service how they are: healthy when all are, unhealthy when none can serve, else degraded.
/// However many ask the gateway, and anybody may, a service is asked once in <see cref="GoodFor"/>.
/// </summary>
public sealed class ServiceHealthCheck(IReadOnlyList<Uri> instances, IHttpClientFactory http, TimeProvider clock) : IHealthCheck
{
    // Short, so that a start is noticed at once.
    private static readonly TimeSpan GoodFor = TimeSpan.FromMilliseconds(200);

    private readonly Lock _gate = new();
    private Task<HealthCheckResult>? _answer;
    private long _askedAt;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        lock (_gate)
        {
            if (_answer is null || (_answer.IsCompleted && clock.GetElapsedTime(_askedAt) >= GoodFor))
            {
                _askedAt = clock.GetTimestamp();
                _answer = AskAllAsync();
            }
            // The question goes on for the others when one of those that wait gives up.
            return _answer.WaitAsync(cancellationToken);
        }
    }

    private async Task<HealthCheckResult> AskAllAsync()
    {
        var answers = await Task.WhenAll(instances.Select(AskAsync));
        var status = answers.All(a => a == HealthStatus.Healthy) ? HealthStatus.Healthy
            : answers.All(a => a == HealthStatus.Unhealthy) ? HealthStatus.Unhealthy : HealthStatus.Degraded;
        return new HealthCheckResult(status);
    }

    private async Task<HealthStatus> AskAsync(Uri instance)
    {
        try
        {
            using var client = http.CreateClient(nameof(ServiceHealth));
            using var response = await client.GetAsync(instance);
            if (!response.IsSuccessStatusCode)
                return HealthStatus.Unhealthy;
            var report = await response.Content.ReadFromJsonAsync<Report>();
            return Enum.TryParse<HealthStatus>(report?.Status, out var status) ? status : HealthStatus.Unhealthy;
        }
        // Down, too slow, or not one of ours: in each case it cannot serve.
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException)
        {
            return HealthStatus.Unhealthy;
        }
    }

    private sealed record Report(string Status);
}
