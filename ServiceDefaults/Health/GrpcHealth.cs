using AgentPlatform.Contracts.Health.V1;
using Grpc.Core;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace AgentPlatform;

/// <summary>grpc.health.v1 over the same checks as <c>/health</c>; NOT_SERVING as soon as the process begins to stop.</summary>
internal sealed class GrpcHealth(HealthCheckService checks, AccessRules rules, IHostApplicationLifetime lifetime, TimeProvider clock)
    : Health.HealthBase
{
    private static readonly TimeSpan LookEvery = TimeSpan.FromSeconds(1);

    public override async Task<HealthCheckResponse> Check(HealthCheckRequest request, ServerCallContext context) =>
        Knows(request.Service)
            ? new HealthCheckResponse { Status = await StatusAsync(context.CancellationToken) }
            : throw Errors.NotFound("SERVICE_UNKNOWN", "There is no such service in the platform.");

    public override async Task Watch(HealthCheckRequest request, IServerStreamWriter<HealthCheckResponse> responses, ServerCallContext context)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, lifetime.ApplicationStopping);
        HealthCheckResponse.Types.ServingStatus? last = null;
        using var timer = new PeriodicTimer(LookEvery, clock);
        do
        {
            var now = Knows(request.Service) ? await StatusAsync(context.CancellationToken) : HealthCheckResponse.Types.ServingStatus.ServiceUnknown;
            if (now != last)
                await responses.WriteAsync(new HealthCheckResponse { Status = now }, context.CancellationToken);
            last = now;
        }
        while (await NextAsync(timer, stop.Token));
    }

    private static async Task<bool> NextAsync(PeriodicTimer timer, CancellationToken stop)
    {
        try { return await timer.WaitForNextTickAsync(stop); }
        // The watcher has gone, or this process stops; either way the stream ends well.
        catch (OperationCanceledException) { return false; }
    }

    private bool Knows(string service) => service.Length == 0 || rules.All.Keys.Any(m => m.StartsWith($"/{service}/", StringComparison.Ordinal));

    private async Task<HealthCheckResponse.Types.ServingStatus> StatusAsync(CancellationToken cancellation)
    {
        if (lifetime.ApplicationStopping.IsCancellationRequested)
            return HealthCheckResponse.Types.ServingStatus.NotServing;
        var report = await checks.CheckHealthAsync(cancellation);
        return report.Status == HealthStatus.Unhealthy
            ? HealthCheckResponse.Types.ServingStatus.NotServing
            : HealthCheckResponse.Types.ServingStatus.Serving;
    }
}
