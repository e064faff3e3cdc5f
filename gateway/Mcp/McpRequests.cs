using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;

namespace AgentPlatform.Gateway;

/// <summary>
/// The requests that are being answered, so that a client can take one back: it says so by a request of its own, which may reach another gateway, so all are told. Where
/// Redis is gone and the gateway another one, or where the client has no session, by which its requests could be told from others', the call ends with its time, or with the
/// request's connection.
/// </summary>
public sealed class McpRequests
{
    private const string Topic = "mcp-cancelled/";

    private readonly ConcurrentDictionary<string, CancellationTokenSource> _running = new(StringComparer.Ordinal);
    private readonly Wakeups _wakeups;

    public McpRequests(Wakeups wakeups)
    {
        _wakeups = wakeups;
        wakeups.Hear(Topic, CancelHere);
    }

    /// <summary>Notes a request until this is disposed of; its token is cancelled when the client takes it back.</summary>
    public McpRequest Begin(Caller caller, string session, string id) => new(_running, NameOf(caller, session, id));

    /// <summary>Takes a request back, wherever it is being answered.</summary>
    public void Cancel(Caller caller, string session, string id) => _wakeups.Signal(NameOf(caller, session, id));

    // From a thread of its own: what is cancelled may have much to do, and whoever told us has others to tell.
    private void CancelHere(string name)
    {
        if (_running.TryGetValue(name, out var request))
            _ = request.CancelAsync();
    }

    // Nobody can take back another caller's.
    private static string NameOf(Caller caller, string session, string id) =>
        Topic + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{caller.Subject}\n{session}\n{id}")));
}
