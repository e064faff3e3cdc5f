using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Configuration;

namespace AgentPlatform.AppHost;

/// <summary>Ports of this machine.</summary>
internal static class Loopback
{
    /// <summary>Below Linux's range for outgoing connections, which could take a port between our look and its use.</summary>
    private const int First = 20000;
    private const int Count = 12000;

    private static int _next = Random.Shared.Next(Count);

    /// <summary>Looks whether the ports that callers know are free; a taken one ends the process.</summary>
    public static void RequireFree(Settings settings, IConfiguration configuration)
    {
        if (settings.GatewayPort == settings.HttpPort)
        {
            throw Exit.With($"--gateway-port and --http-port are both {settings.HttpPort}; gRPC and HTTP/1.1 need a port each");
        }

        Require(settings.GatewayPort, "the gateway's gRPC", "--gateway-port");
        Require(settings.HttpPort, "the gateway's HTTP", "--http-port");
        Require(PortOf(configuration["ASPNETCORE_URLS"]), "the dashboard", "ASPNETCORE_URLS");
        Require(PortOf(configuration["ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL"]), "telemetry", "ASPIRE_DASHBOARD_OTLP_ENDPOINT_URL");
    }

    /// <summary>A port that nobody listens at.</summary>
    public static int FreePort()
    {
        for (var tries = 0; tries < Count; tries++)
        {
            var port = First + (_next++ % Count);
            if (IsFree(port))
            {
                return port;
            }
        }

        throw Exit.With($"no port from {First} to {First + Count - 1} is free");
    }

    private static void Require(int? port, string what, string setting)
    {
        if (port is { } number && !IsFree(number))
        {
            throw Exit.With($"port {number} for {what} is taken; free it, or choose another with {setting}");
        }
    }

    private static int? PortOf(string? url) => Uri.TryCreate(url?.Split(';')[0], UriKind.Absolute, out var address) ? address.Port : null;

    private static bool IsFree(int port) =>
        CanListen(IPAddress.Loopback, port) && (!Socket.OSSupportsIPv6 || CanListen(IPAddress.IPv6Loopback, port));

    private static bool CanListen(IPAddress address, int port)
    {
        try
        {
            using var listener = new TcpListener(address, port);
            listener.Start();
            return true;
        }
        catch (SocketException problem)
        {
            // IPv6 may be there, but not on the loopback interface.
            return problem.SocketErrorCode == SocketError.AddressNotAvailable;
        }
    }
}
