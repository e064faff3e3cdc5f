using System.Diagnostics;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Local;

/// <summary>A resource while the application runs: its processes and what is known of them.</summary>
internal sealed class ResourceRun(IResource resource)
{
    private readonly List<ChildProcess> _processes = [];
    private readonly TaskCompletionSource _healthy = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<int> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _stopping;

    public IResource Resource => resource;

    /// <summary>Completes when the resource is healthy for the first time.</summary>
    public Task Healthy => _healthy.Task;

    /// <summary>Completes with the exit code of the first of its processes to end.</summary>
    public Task<int> Ended => _ended.Task;

    public bool IsRunning => _processes.Any(process => !process.Ended.IsCompleted);

    /// <summary>Resources that are no processes are there from the beginning.</summary>
    public void MarkHealthy() => _healthy.TrySetResult();

    /// <summary>Starts one process of the resource.</summary>
    public void Start(Launch launch, string logPath, Watchdog watchdog, TimeProvider clock)
    {
        var process = ChildProcess.Start(launch, logPath, watchdog, clock);
        _processes.Add(process);
        _ = ReportEndAsync(process);
    }

    /// <summary>Waits until the resource is healthy, and fails when one of its processes ends before that.</summary>
    public async Task WaitHealthyAsync(HealthProbe probe, CancellationToken stopping)
    {
        var watch = Stopwatch.StartNew();
        var hasChecks = resource.Annotations.Any(annotation => annotation is HealthCheckAnnotation or HttpHealthCheckAnnotation);
        using var giveUp = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        var answer = probe.WaitAsync(resource, giveUp.Token);
        if (hasChecks && await Task.WhenAny(answer, Ended) != answer)
        {
            await giveUp.CancelAsync();
            throw new DistributedApplicationException($"{resource.Name} ended before it was healthy");
        }

        await answer;
        if (hasChecks)
        {
            Say($"healthy ({watch.Elapsed.TotalSeconds:0.0} s)");
        }

        MarkHealthy();
    }

    /// <summary>Stops all processes of the resource.</summary>
    public async Task StopAsync()
    {
        _stopping = true;
        await Task.WhenAll(_processes.Select(process => process.StopAsync()));
        _processes.ForEach(process => process.Dispose());
    }

    /// <summary>The last line that it wrote; mostly why it ended.</summary>
    public string LastWords => _processes.LastOrDefault()?.LastLines is [.., var last] ? last : "";

    public void Say(string state) => Console.WriteLine($"{resource.Name}: {state}");

    private async Task ReportEndAsync(ChildProcess process)
    {
        var exitCode = await process.Ended;
        if (exitCode == 0)
        {
            Say(_stopping ? "stopped" : "finished");
        }
        else if (_stopping)
        {
            Say($"stopped (exit code {exitCode})");
        }
        else
        {
            Say($"exited {exitCode}; its last lines, of {process.LogPath}:");
            foreach (var line in process.LastLines)
            {
                Console.WriteLine($"    {line}");
            }
        }

        _ended.TrySetResult(exitCode);
    }
}
