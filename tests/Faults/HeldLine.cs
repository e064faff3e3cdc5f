using System.Net;
using System.Net.Sockets;

namespace AgentPlatform.Tests.Faults;

/// <summary>
/// Stands between a service and Postgres, and can keep back what Postgres says: what the service sends still arrives and takes
/// effect, so the service is held exactly between the commit and the news of it.
/// </summary>
public sealed class HeldLine : IAsyncDisposable
{
    private const int BufferBytes = 64 * 1024;

    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly int _target;
    private readonly Task _accepting;
    private volatile TaskCompletionSource _open = new();

    public HeldLine(int target)
    {
        _target = target;
        _open.SetResult();
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    /// <summary>From now on nothing that Postgres says gets through.</summary>
    public void Hold() => _open = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>What was kept back, and all that follows, gets through.</summary>
    public void Release() => _open.TrySetResult();

    public async ValueTask DisposeAsync()
    {
        Release();
        await _end.CancelAsync();
        _listener.Dispose();
        await _accepting;
        _end.Dispose();
    }

    private async Task AcceptAsync()
    {
        var lines = new List<Task>();
        try
        {
            while (true)
                lines.Add(ServeAsync(await _listener.AcceptTcpClientAsync(_end.Token)));
        }
        catch (OperationCanceledException) { await Task.WhenAll(lines); }
    }

    private async Task ServeAsync(TcpClient accepted)
    {
        using var service = accepted;
        using var postgres = new TcpClient();
        try
        {
            await postgres.ConnectAsync(IPAddress.Loopback, _target, _end.Token);
            // When one side goes, the other must learn of it at once.
            await Task.WhenAny(PassAsync(service, postgres, held: false), PassAsync(postgres, service, held: true));
        }
        // One of them, or this line itself, has ended.
        catch (Exception e) when (e is SocketException or OperationCanceledException) { }
    }

    private async Task PassAsync(TcpClient from, TcpClient to, bool held)
    {
        var buffer = new byte[BufferBytes];
        try
        {
            int read;
            while ((read = await from.GetStream().ReadAsync(buffer, _end.Token)) > 0)
            {
                if (held)
                    await _open.Task.WaitAsync(_end.Token);
                await to.GetStream().WriteAsync(buffer.AsMemory(0, read), _end.Token);
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or InvalidOperationException or OperationCanceledException) { }
    }
}
