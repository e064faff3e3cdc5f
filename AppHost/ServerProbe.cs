using System.Buffers.Binary;
using System.Net.Sockets;
using System.Text;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace AgentPlatform.AppHost;

/// <summary>Asks a server whether it answers, with the first message of its protocol and without a client library.</summary>
internal static class ServerProbe
{
    private const int ProtocolVersion3 = 3 << 16;

    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    /// <summary>Healthy when Postgres asks who we are; while it starts or recovers it answers with an error instead.</summary>
    public static Task<HealthCheckResult> PostgresAsync(int port, CancellationToken stopping)
    {
        var parameters = "user\0postgres\0database\0postgres\0\0"u8;
        var message = new byte[sizeof(int) + sizeof(int) + parameters.Length];
        BinaryPrimitives.WriteInt32BigEndian(message, message.Length);
        BinaryPrimitives.WriteInt32BigEndian(message.AsSpan(sizeof(int)), ProtocolVersion3);
        parameters.CopyTo(message.AsSpan(2 * sizeof(int)));
        return AskAsync(port, message, "R", stopping);
    }

    /// <summary>Healthy when Redis takes the password.</summary>
    public static Task<HealthCheckResult> RedisAsync(int port, string password, CancellationToken stopping) =>
        AskAsync(port, Encoding.ASCII.GetBytes($"AUTH {password}\r\n"), "+OK", stopping);

    private static async Task<HealthCheckResult> AskAsync(int port, byte[] question, string answer, CancellationToken stopping)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        patience.CancelAfter(Timeout);
        try
        {
            using var connection = new TcpClient();
            await connection.ConnectAsync(LocalServers.Host, port, patience.Token);
            var stream = connection.GetStream();
            await stream.WriteAsync(question, patience.Token);
            var received = new byte[answer.Length];
            await stream.ReadExactlyAsync(received, patience.Token);
            var text = Encoding.ASCII.GetString(received);
            return text == answer ? HealthCheckResult.Healthy() : HealthCheckResult.Unhealthy($"answers {text}");
        }
        catch (Exception problem) when (problem is SocketException or IOException or OperationCanceledException && !stopping.IsCancellationRequested)
        {
            return HealthCheckResult.Unhealthy(problem.Message);
        }
    }
}
