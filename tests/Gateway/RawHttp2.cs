using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace AgentPlatform.Tests.Gateways;

/// <summary>Writes HTTP/2 frames as they are, for what no honest client would send.</summary>
public sealed class RawHttp2 : IDisposable
{
    private const int HeadBytes = 9;
    private readonly TcpClient _client = new();
    private int _nextStream = 1;

    public static async Task<RawHttp2> ConnectAsync(string address)
    {
        var raw = new RawHttp2();
        await raw._client.ConnectAsync(IPAddress.Loopback, new Uri(address).Port);
        await raw._client.GetStream().WriteAsync("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray());
        await raw.SendAsync(Frame.Settings, 0, 0, []);
        return raw;
    }

    /// <summary>The kinds of frames that are used here, by RFC 9113.</summary>
    public enum Frame : byte
    {
        Data = 0,
        Headers = 1,
        Priority = 2,
        Reset = 3,
        Settings = 4,
        Ping = 6,
        GoAway = 7,
        WindowUpdate = 8,
        Continuation = 9,
        Unknown = 0xfa,
    }

    /// <summary>What a server did about a flood.</summary>
    public enum End
    {
        /// <summary>It took all of it.</summary>
        Taken,

        /// <summary>It takes no more before its answers are read.</summary>
        Stalled,

        /// <summary>It has closed the connection.</summary>
        Closed,
    }

    public int NextStream() => (_nextStream += 2) - 2;

    public async Task SendAsync(Frame type, byte flags, int stream, byte[] payload) => await _client.GetStream().WriteAsync(Bytes(type, flags, stream, payload));

    /// <summary>Begins many calls and takes each back at once, in one write.</summary>
    public async Task BeginAndResetAsync(int count, byte[] headers)
    {
        var all = new List<byte>();
        for (var i = 0; i < count; i++)
        {
            var stream = NextStream();
            all.AddRange(Bytes(Frame.Headers, 0x04, stream, headers)); // END_HEADERS
            all.AddRange(Bytes(Frame.Reset, 0, stream, [0, 0, 0, 8])); // CANCEL
        }
        await _client.GetStream().WriteAsync(all.ToArray());
    }

    /// <summary>Sends a frame again and again, many in a write, and reads nothing.</summary>
    public async Task<End> FloodAsync(byte[] frame, int bytes, TimeSpan patience)
    {
        var many = Enumerable.Repeat(frame, Math.Max(1, 64 * 1024 / frame.Length)).SelectMany(f => f).ToArray();
        for (var sent = 0; sent < bytes; sent += many.Length)
        {
            using var stalled = new CancellationTokenSource(patience);
            try { await _client.GetStream().WriteAsync(many, stalled.Token); }
            catch (OperationCanceledException) { return End.Stalled; }
            catch (IOException) { return End.Closed; }
        }
        return End.Taken;
    }

    /// <summary>Reads until the server closes; gives back the error code of its GOAWAY, or null when it said none.</summary>
    public async Task<int?> ReadToEndAsync(CancellationToken cancellation)
    {
        var (stream, head, goAway) = (_client.GetStream(), new byte[HeadBytes], (int?)null);
        try
        {
            while (true)
            {
                await stream.ReadExactlyAsync(head, cancellation);
                var payload = new byte[head[0] << 16 | head[1] << 8 | head[2]];
                await stream.ReadExactlyAsync(payload, cancellation);
                if (head[3] == (byte)Frame.GoAway)
                    goAway = BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(4));
            }
        }
        // The end, in order or not.
        catch (IOException) { return goAway; }
    }

    /// <summary>Reads until a stream ends; gives back its data.</summary>
    public async Task<byte[]> ReadDataAsync(int stream, CancellationToken cancellation)
    {
        var (connection, head, data) = (_client.GetStream(), new byte[HeadBytes], new List<byte>());
        while (true)
        {
            await connection.ReadExactlyAsync(head, cancellation);
            var payload = new byte[head[0] << 16 | head[1] << 8 | head[2]];
            await connection.ReadExactlyAsync(payload, cancellation);
            if (BinaryPrimitives.ReadInt32BigEndian(head.AsSpan(5)) != stream)
                continue;
            if (head[3] == (byte)Frame.Data)
                data.AddRange(payload);
            // END_STREAM, of data and of headers.
            if (head[3] is (byte)Frame.Data or (byte)Frame.Headers && (head[4] & 1) != 0)
                return [.. data];
        }
    }

    /// <summary>The headers of a gRPC call, without compression (RFC 7541, literals that are not indexed).</summary>
    public static byte[] Call(string path, string? token, params IEnumerable<(string Name, string Value)> more)
    {
        var bytes = new List<byte>();
        foreach (var (name, value) in new[] { (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", "localhost"), ("content-type", "application/grpc"), ("te", "trailers") }
            .Concat(token is null ? [] : [("authorization", $"Bearer {token}")]).Concat(more))
        {
            bytes.Add(0);
            Add(bytes, name);
            Add(bytes, value);
        }
        return [.. bytes];
    }

    public void Dispose() => _client.Dispose();

    private static void Add(List<byte> bytes, string text)
    {
        const int Prefix = 127;
        if (text.Length < Prefix)
        {
            bytes.Add((byte)text.Length);
        }
        else
        {
            bytes.Add(Prefix);
            var rest = text.Length - Prefix;
            for (; rest >= 128; rest /= 128)
                bytes.Add((byte)(rest % 128 + 128));
            bytes.Add((byte)rest);
        }
        bytes.AddRange(Encoding.ASCII.GetBytes(text));
    }

    /// <summary>A frame as it goes on the wire.</summary>
    public static byte[] Bytes(Frame type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[HeadBytes + payload.Length];
        (frame[0], frame[1], frame[2], frame[3], frame[4]) = ((byte)(payload.Length >> 16), (byte)(payload.Length >> 8), (byte)payload.Length, (byte)type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, HeadBytes);
        return frame;
    }
}
