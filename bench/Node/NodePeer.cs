using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace AgentPlatform.Bench.Node;

/// <summary>
/// A peer as a process of its own, asked by lines of JSON: see <c>bench/peers/protocol.mjs</c>. It ends when its stdin does, and so never outlives this process.
/// </summary>
public sealed class NodePeer : IAsyncDisposable
{
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromMinutes(2);
    private readonly Process _process;

    private NodePeer(Process process) => _process = process;

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Starts a script of <c>bench/peers</c>; what it depends on is installed.</summary>
    public static NodePeer Start(string script) => new(Process.Start(new ProcessStartInfo("node", [script])
    {
        WorkingDirectory = NodeModules.Peers.Folder,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!);

    /// <summary>Asks for one thing and waits for the answer; an <see cref="IOException"/> with the peer's own words when it fails.</summary>
    public async Task<JsonObject> AskAsync(string what, JsonObject request)
    {
        request["do"] = what;
        await _process.StandardInput.WriteLineAsync(request.ToJsonString());
        var line = await _process.StandardOutput.ReadLineAsync().WaitAsync(AnswerTimeout)
            ?? throw new IOException($"The peer {_process.StartInfo.ArgumentList[0]} has ended.");
        var answer = JsonNode.Parse(line)!.AsObject();
        return answer["error"] is { } error ? throw new IOException($"The peer {_process.StartInfo.ArgumentList[0]}: {error}") : answer;
    }

    /// <summary>A load that the peer makes itself, as a way.</summary>
    public Way Load(string what) => async (callers, round, result) =>
    {
        var answer = await AskAsync(what, new JsonObject { ["callers"] = callers, ["seconds"] = round.TotalSeconds });
        result.Add([.. answer["latenciesMs"].Deserialize<double[]>()!.Select(TimeSpan.FromMilliseconds)], TimeSpan.FromMilliseconds((double)answer["elapsedMs"]!));
    };

    public async ValueTask DisposeAsync()
    {
        _process.StandardInput.Close();
        using var timeout = new CancellationTokenSource(AnswerTimeout);
        await _process.WaitForExitAsync(timeout.Token);
        _process.Dispose();
    }
}
