namespace AgentPlatform.Bench.Chaos;

/// <summary>One instance of a service or of the gateway, at ports that stay its own through restarts.</summary>
public sealed class ServiceProcess : IAsyncDisposable
{
    private static readonly TimeSpan ReadyTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ProbeTimeout = TimeSpan.FromSeconds(5);
    private static readonly HttpClient Probe = new() { Timeout = ProbeTimeout };

    /// <summary>Not started yet: settings can still be added to the process's environment.</summary>
    /// <param name="name">The service, and which of its instances.</param>
    /// <param name="program">The built program, a .dll.</param>
    /// <param name="folder">Where its log goes.</param>
    public ServiceProcess(string name, string program, string folder)
    {
        Process = new ServerProcess(name, ["dotnet", program], Path.Combine(folder, $"{name}.log"));
        Settings["GRPC_PORT"] = $"{GrpcPort}";
        Settings["HTTP_PORT"] = $"{HttpPort}";
        Settings["ASPNETCORE_ENVIRONMENT"] = "Development";
        Settings["Logging__LogLevel__Default"] = "Warning";
        Settings["Logging__LogLevel__Microsoft.AspNetCore"] = "Warning";
    }

    public ServerProcess Process { get; }

    public int GrpcPort { get; } = LocalPrograms.FreePort();

    public int HttpPort { get; } = LocalPrograms.FreePort();

    public string GrpcAddress => $"http://127.0.0.1:{GrpcPort}";

    public string HttpAddress => $"http://127.0.0.1:{HttpPort}";

    /// <summary>Its configuration, as environment variables; read at each start.</summary>
    public Dictionary<string, string> Settings => Process.Environment;

    /// <summary>What /health answers: 200, 503, or null when nobody does.</summary>
    public async Task<int?> HealthAsync()
    {
        try
        {
            using var response = await Probe.GetAsync(new Uri($"{HttpAddress}/health"));
            return (int)response.StatusCode;
        }
        // Not up, or too busy to answer.
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException) { return null; }
    }

    /// <summary>Starts it and waits until it takes calls, whether all behind it are well or not.</summary>
    public async Task StartAsync()
    {
        await Process.StartAsync();
        await ListensAsync();
    }

    /// <summary>Waits until it takes calls.</summary>
    public Task ListensAsync() => Waiting.UntilAsync(
        async () => Process.IsRunning ? await LocalPrograms.ListensAsync(GrpcPort) : throw new InvalidOperationException($"{Process.Name} has ended; see {Process.Log}"),
        $"{Process.Name} takes calls; see {Process.Log}", ReadyTimeout);

    /// <summary>Waits until it is healthy.</summary>
    public Task IsHealthyAsync() =>
        Waiting.UntilAsync(async () => await HealthAsync() == 200, $"{Process.Name} is healthy; see {Process.Log}", ReadyTimeout);

    public ValueTask DisposeAsync() => Process.DisposeAsync();
}
