using Microsoft.Extensions.Hosting;

namespace Aspire.Hosting;

/// <summary>An application that is ready to run.</summary>
public sealed class DistributedApplication : IAsyncDisposable, IDisposable
{
    private readonly IHost _host;

    internal DistributedApplication(IHost host) => _host = host;

    /// <summary>Begins the description of an application; the arguments join its configuration.</summary>
    public static IDistributedApplicationBuilder CreateBuilder(string[] args) => new DistributedApplicationBuilder(args);

    /// <summary>Starts everything and returns once it has been stopped. A failed start sets the process's exit code to 1.</summary>
    public void Run() => _host.Run();

    /// <inheritdoc cref="Run" />
    public Task RunAsync(CancellationToken cancellationToken = default) => _host.RunAsync(cancellationToken);

    /// <inheritdoc />
    public void Dispose() => _host.Dispose();

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ((IAsyncDisposable)_host).DisposeAsync();
}
