using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace AgentPlatform;

/// <summary>
/// Stops in an order that cuts nobody off: readiness goes first, then for a moment calls are still taken from those who have
/// not seen it, then no new ones, and those in flight are waited for.
/// </summary>
internal sealed class Drain(DrainSettings settings, IHostApplicationLifetime lifetime, TimeProvider clock) : IHealthCheck, IHostedLifecycleService
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(lifetime.ApplicationStopping.IsCancellationRequested ? HealthCheckResult.Unhealthy("stopping") : HealthCheckResult.Healthy());

    /// <summary>Runs before anything is stopped, the listener too.</summary>
    public Task StoppingAsync(CancellationToken cancellationToken) => Task.Delay(settings.ReadinessLead, clock, cancellationToken);

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
