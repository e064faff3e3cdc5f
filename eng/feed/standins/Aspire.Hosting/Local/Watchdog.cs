using System.Diagnostics;

namespace Aspire.Hosting.Local;

/// <summary>A shell that outlives the AppHost by moments and ends what is left of its children; see watchdog.sh.</summary>
internal sealed class Watchdog : IDisposable
{
    private readonly Process _shell;
    private readonly Lock _writing = new();

    public Watchdog()
    {
        using var script = new StreamReader(typeof(Watchdog).Assembly.GetManifestResourceStream("watchdog.sh")!);
        // In a session of its own, or Ctrl-C in the terminal would reach it.
        _shell = Process.Start(new ProcessStartInfo("setsid", ["sh", "-c", script.ReadToEnd()]) { RedirectStandardInput = true })!;
        _shell.StandardInput.AutoFlush = true;
    }

    /// <summary>A child has started.</summary>
    public void Add(int processId, bool isServer) => Tell($"{(isServer ? "server" : "project")} {processId}");

    /// <summary>A child has ended; its id may soon be another's.</summary>
    public void Remove(int processId) => Tell($"gone {processId}");

    /// <summary>Lets the watchdog end too, along with anything still running.</summary>
    public void Dispose()
    {
        lock (_writing)
        {
            _shell.StandardInput.Dispose();
        }

        _shell.Dispose();
    }

    private void Tell(string line)
    {
        lock (_writing)
        {
            if (_shell.StandardInput.BaseStream.CanWrite)
            {
                _shell.StandardInput.WriteLine(line);
            }
        }
    }
}
