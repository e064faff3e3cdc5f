using System.Buffers;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;

namespace AgentPlatform;

/// <summary>
/// Who connects says at once what he wants: to the server itself a connection on which nothing has come is one that rests between two calls, and may do so for over two minutes.
/// One that has begun to say something has the server's own limits, however long it lives.
/// </summary>
internal static class FirstWords
{
    /// <summary>How long they may take, beyond the TLS handshake, which has a limit of its own.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    // RFC 9113, 3.4. As long as it is not whole, the server takes the connection for one that rests; a beginning of HTTP/1.1 has ten seconds more for the rest of its headers.
    private static ReadOnlySpan<byte> Preface => "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8;

    /// <summary>Hands a connection on with its first words, of which none are taken away; closes it when they do not come.</summary>
    public static async Task WaitAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        if (await HaveComeAsync(connection))
            await next(connection);
    }

    private static async Task<bool> HaveComeAsync(ConnectionContext connection)
    {
        var input = connection.Transport.Input;
        using var timeout = new CancellationTokenSource(Timeout, TimeProvider.System);
        // Nor does a process that is told to stop wait for them.
        var stopping = connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.ConnectionClosedRequested ?? default;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, stopping);
        for (var seen = 0L; ;)
        {
            try
            {
                var read = await input.ReadAsync(either.Token);
                var isEnough = read.IsCompleted || IsEnough(read.Buffer);
                // What has not been looked at is there for the next reader at once; what has been cannot be put back, and he would wait for more.
                input.AdvanceTo(read.Buffer.Start, isEnough ? read.Buffer.GetPosition(seen) : read.Buffer.End);
                if (isEnough)
                    return true;
                seen = read.Buffer.Length;
            }
            catch (OperationCanceledException) { return false; }
            // The caller has reset the connection; there is nobody to be told.
            catch (IOException) { return false; }
        }
    }

    private static bool IsEnough(ReadOnlySequence<byte> words)
    {
        Span<byte> beginning = stackalloc byte[Preface.Length];
        var length = (int)Math.Min(words.Length, beginning.Length);
        words.Slice(0, length).CopyTo(beginning);
        return length == Preface.Length || length > 0 && !Preface.StartsWith(beginning[..length]);
    }
}
