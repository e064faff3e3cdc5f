using Aspire.Hosting.ApplicationModel;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting.Local;

/// <summary>Starts the described resources in the order of their waits, and stops them in the opposite order of their dependencies.</summary>
internal sealed class Orchestrator(
    IReadOnlyList<IResource> resources,
    IConfiguration configuration,
    IHostEnvironment environment,
    HealthCheckService healthChecks,
    IHostApplicationLifetime lifetime,
    TimeProvider clock,
    AppHostPaths paths) : BackgroundService
{
    private readonly Dictionary<IResource, ResourceRun> _runs = resources.ToDictionary(resource => resource, resource => new ResourceRun(resource));
    private readonly Watchdog _watchdog = new();
    private readonly HealthProbe _probe = new(healthChecks, clock);
    private readonly LaunchFactory _launches = new(configuration, environment);
    private readonly string _logs = configuration["LogFolder"] ?? Path.Combine(paths.ProjectDirectory, "obj", "logs");
    private ChildProcess? _dashboard;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var failing = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        var failure = "";
        try
        {
            Refuse();
            new Ports().Assign(resources);
            StartDashboard();
            await Task.WhenAll(_runs.Values.Select(StartOrFailAsync));
            var dashboard = _dashboard is null ? "" : $"; dashboard at {configuration[Dashboard.FrontendUrlKey]}";
            Console.WriteLine($"Distributed application started{dashboard}. Press Ctrl+C to shut down.");
        }
        catch (DistributedApplicationException problem)
        {
            Console.Error.WriteLine(failure.Length > 0 ? failure : problem.Message);
            Environment.ExitCode = 1;
            lifetime.StopApplication();
        }
        catch (OperationCanceledException)
        {
            // Either told to stop, or one resource failed and took the start of the others with it.
            if (failure.Length > 0)
            {
                Console.Error.WriteLine(failure);
                Environment.ExitCode = 1;
                lifetime.StopApplication();
            }
        }

        async Task StartOrFailAsync(ResourceRun run)
        {
            try
            {
                await StartAsync(run, failing.Token);
            }
            catch (DistributedApplicationException problem)
            {
                Interlocked.CompareExchange(ref failure, problem.Message, "");
                await failing.CancelAsync();
                throw;
            }
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        var left = _runs.Values.Where(run => run.IsRunning).ToList();
        while (left.Count > 0)
        {
            var unused = left.Where(run => !left.Any(other => other != run && Uses(other.Resource, run.Resource))).ToList();
            var next = unused.Count > 0 ? unused : [.. left];
            await Task.WhenAll(next.Select(run => run.StopAsync()));
            left.RemoveAll(next.Contains);
        }

        // Last, so that it has seen the others' end.
        await (_dashboard?.StopAsync() ?? Task.CompletedTask);
    }

    public override void Dispose()
    {
        _dashboard?.Dispose();
        _watchdog.Dispose();
        _probe.Dispose();
        base.Dispose();
    }

    private async Task StartAsync(ResourceRun run, CancellationToken stopping)
    {
        foreach (var wait in run.Resource.Annotations.OfType<WaitAnnotation>())
        {
            var dependency = _runs[wait.Dependency];
            if (wait.ExitCode is null)
            {
                await dependency.Healthy.WaitAsync(stopping);
            }
            else if (await dependency.Ended.WaitAsync(stopping) is var exitCode && exitCode != wait.ExitCode)
            {
                throw new DistributedApplicationException(
                    $"{wait.Dependency.Name} failed (exit code {exitCode}), so what waits for it is not started: {dependency.LastWords}");
            }
        }

        if (run.Resource is not (ProjectResource or ExecutableResource))
        {
            run.MarkHealthy();
            return;
        }

        run.Say("starting");
        var replicas = Ports.ReplicasOf(run.Resource);
        for (var replica = 0; replica < replicas; replica++)
        {
            var launch = await _launches.CreateAsync(run.Resource, replica, stopping);
            var logName = replicas == 1 ? run.Resource.Name : $"{run.Resource.Name}-{replica}";
            run.Start(launch, Path.Combine(_logs, logName + ".log"), _watchdog, clock);
        }

        await run.WaitHealthyAsync(_probe, stopping);
    }

    private void StartDashboard()
    {
        if (Dashboard.Describe(paths, configuration, Console.WriteLine) is { } launch)
        {
            _dashboard = ChildProcess.Start(launch, Path.Combine(_logs, "dashboard.log"), _watchdog, clock);
            _ = ReportDashboardEndAsync(_dashboard);
        }
    }

    private async Task ReportDashboardEndAsync(ChildProcess dashboard)
    {
        var exitCode = await dashboard.Ended;
        if (!lifetime.ApplicationStopping.IsCancellationRequested)
        {
            Console.WriteLine($"dashboard: exited {exitCode}; see {dashboard.LogPath}");
        }
    }

    private void Refuse()
    {
        if (resources.OfType<ContainerResource>().FirstOrDefault() is { } container)
        {
            throw new DistributedApplicationException(
                $"{container.Name} is a container, and the stand-in for Aspire (see eng/feed/README.md) starts none: "
                + "use --infra local or --infra external");
        }
    }

    /// <summary>Whether a resource uses another, directly or through a third, such as a migration that has ended long ago.</summary>
    private static bool Uses(IResource resource, IResource other, HashSet<IResource>? seen = null)
    {
        seen ??= [];
        var targets = resource.Annotations.OfType<WaitAnnotation>().Select(wait => wait.Dependency)
            .Concat(resource.Annotations.OfType<ReferenceAnnotation>().Select(reference => reference.Target));
        return targets.Any(target => target == other || (seen.Add(target) && Uses(target, other, seen)));
    }
}
