using System.Diagnostics;
using System.Text.Json;
using System.Threading.Channels;
using AgentPlatform.Bench.Chaos;
using AgentPlatform.Bench.Node;

namespace AgentPlatform.Tests.Faults;

/// <summary>
/// The agent in Node that was written from docs/agent-protocol.md, as a process of its own: see tests/Registry/agent-node. It ends when its stdin does, and so never
/// outlives this process.
/// </summary>
internal sealed class NodeAgent : IAsyncDisposable
{
    // What kills services needs as long as they take to come back.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);
    private static readonly NodeModules Modules = new("tests", "Registry", "agent-node");

    private readonly Process _process;
    private readonly Channel<JsonElement> _events = Channel.CreateUnbounded<JsonElement>();
    private readonly List<string> _said = [];
    private readonly Task<string> _errors;

    private NodeAgent(Process process, string updates)
    {
        (_process, Updates) = (process, updates);
        _errors = process.StandardError.ReadToEndAsync();
        _ = ReadAsync();
    }

    /// <summary>The folder of what it installs; it outlives the process.</summary>
    public string Updates { get; }

    /// <summary>Starts it, with its machine's key and the certificates that it trusts beside the usual ones. Without Node, or where npm cannot install what it needs, the test is skipped, but not where CI is set.</summary>
    public static async Task<NodeAgent> StartAsync(
        Cluster cluster, string agentId, string? machineKey = null, string certificates = "", Dictionary<string, string>? environment = null)
    {
        if (await Modules.InstallAsync() is { } missing)
        {
            Assert.SkipWhen(Environment.GetEnvironmentVariable("CI") is null, missing);
            Assert.Fail(missing);
        }
        var start = new ProcessStartInfo("node", ["main.mjs"])
        {
            WorkingDirectory = Modules.Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["GATEWAY"] = $"127.0.0.1:{cluster.Gateway.GrpcPort}";
        start.Environment["TOKEN"] = cluster.AgentToken(agentId);
        start.Environment["AGENT_ID"] = agentId;
        start.Environment["PROTOS"] = Repository.PathOf("protos");
        start.Environment["MACHINE_KEY"] = machineKey ?? agentId;
        start.Environment["UPDATES"] = Directory.CreateDirectory(Path.Combine(cluster.Folder, $"updates-{agentId}")).FullName;
        if (certificates.Length > 0)
            start.Environment["NODE_EXTRA_CA_CERTS"] = certificates;
        foreach (var (name, value) in environment ?? [])
            start.Environment[name] = value;
        return new NodeAgent(Process.Start(start)!, start.Environment["UPDATES"]!);
    }

    /// <summary>The next event of this name; those before it are passed over.</summary>
    public async Task<JsonElement> NextAsync(string name)
    {
        using var deadline = new CancellationTokenSource(Patience);
        try
        {
            while (true)
            {
                var next = await _events.Reader.ReadAsync(deadline.Token);
                if (next.GetProperty("event").GetString() == name)
                    return next;
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ChannelClosedException)
        {
            throw new InvalidOperationException($"The agent did not say \"{name}\", but: {string.Join(' ', _said)} {(_process.HasExited ? await _errors : "")}", e);
        }
    }

    /// <summary>Waits until it has ended by itself; gives back its exit code.</summary>
    public async Task<int> ExitAsync()
    {
        using var deadline = new CancellationTokenSource(Patience);
        await _process.WaitForExitAsync(deadline.Token);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        await ExitAsync();
        _process.Dispose();
    }

    private async Task ReadAsync()
    {
        while (await _process.StandardOutput.ReadLineAsync() is { } line)
        {
            lock (_said)
                _said.Add(line);
            _events.Writer.TryWrite(JsonElement.Parse(line));
        }
        _events.Writer.TryComplete();
    }
}
