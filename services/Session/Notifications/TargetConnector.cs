using System.Net;
using System.Net.Sockets;

namespace AgentPlatform.Sessions;

/// <summary>
/// Opens connections to targets. The name is resolved here, every address looked at, and just those connected to: nobody resolves it once more in between,
/// so a name that changes its mind (DNS rebinding) gains nothing.
/// </summary>
public sealed class TargetConnector(TargetPolicy policy)
{
    public async ValueTask<Stream> ConnectAsync(DnsEndPoint target, CancellationToken cancellation)
    {
        var addresses = await Dns.GetHostAddressesAsync(target.Host, cancellation);
        // One that is refused is enough: a name that stands for open and private addresses at once is up to no good.
        if (addresses.FirstOrDefault(a => !policy.Allows(a)) is { } refused)
            throw new TargetRefusedException(refused);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(addresses, target.Port, cancellation);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
