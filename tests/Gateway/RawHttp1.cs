using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AgentPlatform.Tests.Gateways;

/// <summary>Writes HTTP/1.1 as it is, byte by byte (Latin-1), for what no honest client would send.</summary>
public sealed class RawHttp1 : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TcpClient _client = new();
    private readonly StringBuilder _said = new();

    public static async Task<RawHttp1> ConnectAsync(string address)
    {
        var raw = new RawHttp1();
        await raw._client.ConnectAsync(IPAddress.Loopback, new Uri(address).Port);
        return raw;
    }

    /// <summary>Sends this on a connection of its own and gives back all that comes until the server closes it, or until this is in it.</summary>
    public static async Task<string> AskAsync(string address, string request, string? until = null)
    {
        using var raw = await ConnectAsync(address);
        await raw.SendAsync(request);
        return await raw.ReadAsync(until);
    }

    public async Task SendAsync(string text) => await _client.GetStream().WriteAsync(Encoding.Latin1.GetBytes(text));

    /// <summary>Reads on until the server closes, or until this has come; gives back all that has come so far.</summary>
    public async Task<string> ReadAsync(string? until = null)
    {
        using var deadline = new CancellationTokenSource(Patience);
        var piece = new byte[4096];
        try
        {
            int read;
            while ((until is null || !_said.ToString().Contains(until, StringComparison.Ordinal)) && (read = await _client.GetStream().ReadAsync(piece, deadline.Token)) > 0)
                _said.Append(Encoding.Latin1.GetString(piece, 0, read));
        }
        // Reset, as who goes on sending is when nobody listens any more.
        catch (IOException) { }
        return _said.ToString();
    }

    public void Dispose() => _client.Dispose();
}
