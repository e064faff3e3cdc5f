using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace AgentPlatform.Bench.Mutate;

/// <summary>
/// Stands between a service and Postgres and counts round trips: every time that the client asks the server to answer, by the
/// message Sync or a simple Query. Nothing else in the protocol makes a client wait.
/// </summary>
public sealed class RoundTripTap : IDisposable
{
    // A message is its type, its length, which counts itself, and the rest. The first ones of a connection have no type: a
    // question for encryption, which is all head, and then the start.
    private const int TypeBytes = 1;
    private const int LengthBytes = 4;
    private const int QuestionBytes = 8;
    private const int BufferBytes = 64 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly int _server;
    private long _count;

    public RoundTripTap(int serverPort)
    {
        _server = serverPort;
        _listener.Start();
        _ = AcceptAsync();
    }

    /// <summary>Where to connect to instead of the server.</summary>
    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>Round trips so far.</summary>
    public long Count => Interlocked.Read(ref _count);

    public void Dispose()
    {
        _stop.Cancel();
        _listener.Dispose();
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            TcpClient client;
            try { client = await _listener.AcceptTcpClientAsync(_stop.Token); }
            catch (OperationCanceledException) { return; }
            _ = PassAsync(client);
        }
    }

    private async Task PassAsync(TcpClient client)
    {
        using var server = new TcpClient { NoDelay = true };
        using (client)
        {
            client.NoDelay = true;
            try
            {
                await server.ConnectAsync(IPAddress.Loopback, _server, _stop.Token);
                await Task.WhenAny(
                    CountAsync(client.GetStream(), server.GetStream()),
                    server.GetStream().CopyToAsync(client.GetStream(), _stop.Token));
            }
            // One of the two has gone; so does this connection.
            catch (Exception e) when (e is IOException or SocketException or OperationCanceledException) { }
        }
    }

    private async Task CountAsync(NetworkStream client, NetworkStream server)
    {
        var buffer = new byte[BufferBytes];
        var head = new byte[TypeBytes + LengthBytes];
        var (headBytes, skip, typeBytes) = (0, 0, 0);
        int read;
        while ((read = await client.ReadAsync(buffer, _stop.Token)) > 0)
        {
            for (var i = 0; i < read;)
            {
                if (skip > 0)
                {
                    var passed = Math.Min(skip, read - i);
                    (skip, i) = (skip - passed, i + passed);
                    continue;
                }
                head[headBytes++] = buffer[i++];
                if (headBytes < typeBytes + LengthBytes)
                    continue;
                if (typeBytes == TypeBytes && head[0] is (byte)'S' or (byte)'Q')
                    Interlocked.Increment(ref _count);
                var length = BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(typeBytes));
                (headBytes, skip, typeBytes) = (0, length - LengthBytes, typeBytes == 0 && length == QuestionBytes ? 0 : TypeBytes);
            }
            await server.WriteAsync(buffer.AsMemory(0, read), _stop.Token);
        }
    }
}
