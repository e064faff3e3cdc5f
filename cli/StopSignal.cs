using System.Runtime.InteropServices;

namespace AgentPlatform.Cli;

/// <summary>Takes Ctrl-C, SIGTERM and a closed terminal as the wish to stop, instead of ending the process at once.</summary>
public sealed class StopSignal : IDisposable
{
    private readonly List<PosixSignalRegistration> _registrations;
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _second = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public StopSignal() => _registrations =
    [
        PosixSignalRegistration.Create(PosixSignal.SIGINT, Take),
        PosixSignalRegistration.Create(PosixSignal.SIGTERM, Take),
        PosixSignalRegistration.Create(PosixSignal.SIGHUP, Take),
    ];

    /// <summary>Completes with the first signal.</summary>
    public Task Asked => _first.Task;

    /// <summary>Completes with the second: the person does not want to wait.</summary>
    public Task Insisted => _second.Task;

    public void Dispose() => _registrations.ForEach(r => r.Dispose());

    private void Take(PosixSignalContext context)
    {
        context.Cancel = true;
        if (!_first.TrySetResult())
            _second.TrySetResult();
    }
}
