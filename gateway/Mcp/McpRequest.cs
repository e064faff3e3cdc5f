using System.Collections.Concurrent;

namespace AgentPlatform.Gateway;

/// <summary>A request of an MCP client that is being answered. See <see cref="McpRequests"/>.</summary>
public sealed class McpRequest : IDisposable
{
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _running;
    private readonly string _name;

    // Not disposed of: it has no timer and no handle, and somebody may be cancelling it at this moment.
    private readonly CancellationTokenSource _source = new();

    internal McpRequest(ConcurrentDictionary<string, CancellationTokenSource> running, string name)
    {
        (_running, _name) = (running, name);
        // A client that gives two requests one id takes back the later one.
        running[name] = _source;
    }

    /// <summary>Cancelled when the client takes the request back.</summary>
    public CancellationToken TakenBack => _source.Token;

    public void Dispose() => _running.TryRemove(new(_name, _source));
}
