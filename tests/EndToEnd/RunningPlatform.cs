using System.Diagnostics;
using System.Text;
using System.Text.Json.Nodes;

namespace AgentPlatform.Tests.EndToEnd;

/// <summary>
/// The whole platform as a newcomer has it, every service a process of its own: started by <c>agentctl up</c> with local
/// servers, a data folder and ports of its own, and stopped by the signal that a terminal's Ctrl-C is.
/// </summary>
public sealed class RunningPlatform : IAsyncLifetime
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromMinutes(1);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("agentplatform-test-run-");
    private readonly StringBuilder _output = new();
    private readonly int _gatewayPort = LocalServerProcess.FreePort();
    private readonly int _httpPort = LocalServerProcess.FreePort();
    private Process? _up;

    /// <summary>The data folder. Others may pass through it, as Postgres may run as a user of its own.</summary>
    public string Data => Path.Combine(_folder.FullName, "data");

    public string Dashboard { get; } = $"http://localhost:{LocalServerProcess.FreePort()}";

    public JsonNode Note => JsonNode.Parse(File.ReadAllText(Path.Combine(Data, "run.json")))!;

    public async ValueTask InitializeAsync()
    {
        if (!OperatingSystem.IsWindows())
            _folder.UnixFileMode = (UnixFileMode)0b111_101_101;
        await StartAsync();
    }

    /// <summary>Starts it, with these options beside its own, and waits until it is ready; after a stop, with the data of the run before.</summary>
    public async Task StartAsync(params IReadOnlyList<string> options)
    {
        lock (_output)
            _output.Clear();
        var start = Command(["up", "--infra", "local", "--data", Data, "--gateway-port", $"{_gatewayPort}", "--http-port", $"{_httpPort}", .. options]);
        start.Environment["ASPNETCORE_URLS"] = Dashboard;
        start.Environment["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"] = $"http://localhost:{LocalServerProcess.FreePort()}";
        _up?.Dispose();
        _up = Process.Start(start)!;
        _up.OutputDataReceived += Keep;
        _up.ErrorDataReceived += Keep;
        _up.BeginOutputReadLine();
        _up.BeginErrorReadLine();
        await Eventually.TrueAsync(
            () => Task.FromResult(Output.Contains("AgentPlatform is ready in", StringComparison.Ordinal) ? true
                : _up.HasExited ? throw new InvalidOperationException(Output) : false),
            "the platform is ready", StartTimeout);
    }

    public async ValueTask DisposeAsync()
    {
        if (_up is { HasExited: false })
            await StopAsync();
        _up?.Dispose();
        _folder.Delete(recursive: true);
    }

    /// <summary>What <c>agentctl up</c> has said.</summary>
    public string Output
    {
        get
        {
            lock (_output)
                return _output.ToString();
        }
    }

    /// <summary>Runs another command of agentctl against this platform.</summary>
    public async Task<(int ExitCode, string Output, string Errors)> AgentctlAsync(params string[] arguments)
    {
        using var process = Process.Start(Command([.. arguments, "--data", Data]))!;
        var texts = await Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return (process.ExitCode, texts[0], texts[1]);
    }

    /// <summary>Asks the platform to stop, and waits; gives back the exit code.</summary>
    public async Task<int> StopAsync()
    {
        using (var kill = Process.Start("kill", ["-INT", $"{_up!.Id}"]))
            await kill.WaitForExitAsync();
        using var timeout = new CancellationTokenSource(StopTimeout);
        await _up.WaitForExitAsync(timeout.Token);
        return _up.ExitCode;
    }

    /// <summary>The processes of this platform that are still there.</summary>
    public IReadOnlyList<string> Survivors() =>
        [.. Directory.GetDirectories("/proc").Where(d => int.TryParse(Path.GetFileName(d), out _)).Select(CommandLineOf)
            .Where(c => c.Contains(_folder.FullName, StringComparison.Ordinal))];

    private static string CommandLineOf(string process)
    {
        // Its environment tells whose it is, too: services get their data folder or connection strings by it.
        try { return File.ReadAllText($"{process}/cmdline").Replace('\0', ' ') + File.ReadAllText($"{process}/environ").Replace('\0', ' '); }
        // It has ended meanwhile, or is not ours to look at.
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return ""; }
    }

    private static ProcessStartInfo Command(params ReadOnlySpan<string> arguments)
    {
        var program = Repository.PathOf("cli", "bin", BuildConfiguration, "net10.0", "agentctl.dll");
        return new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true };
    }

    // This build's own, as the folder of the test program says: …/bin/Debug/net10.0/.
    private static string BuildConfiguration => new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name;

    private void Keep(object sender, DataReceivedEventArgs line)
    {
        lock (_output)
            _output.AppendLine(line.Data);
    }
}
