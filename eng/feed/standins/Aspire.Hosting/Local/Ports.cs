using System.Net;
using System.Net.Sockets;
using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Local;

/// <summary>Gives every endpoint of every replica a port.</summary>
internal sealed class Ports
{
    /// <summary>Below Linux's range for outgoing connections, from which the system could hand a port out between our look and its use.</summary>
    private const int First = 20000;
    private const int Count = 12000;

    private readonly HashSet<int> _taken = [];
    private int _next = Random.Shared.Next(Count);

    public void Assign(IEnumerable<IResource> resources)
    {
        foreach (var resource in resources)
        {
            var replicas = ReplicasOf(resource);
            foreach (var endpoint in resource.Annotations.OfType<EndpointAnnotation>())
            {
                if (endpoint.FixedPort is not null && replicas > 1)
                {
                    throw new DistributedApplicationException(
                        $"{resource.Name}: {replicas} replicas cannot share port {endpoint.FixedPort}; the stand-in for Aspire has no proxy");
                }

                endpoint.Ports = [.. Enumerable.Range(0, replicas).Select(_ => endpoint.FixedPort ?? Free())];
            }
        }
    }

    public static int ReplicasOf(IResource resource) => resource.Annotations.OfType<ReplicaAnnotation>().LastOrDefault()?.Replicas ?? 1;

    private int Free()
    {
        for (var tries = 0; tries < Count; tries++)
        {
            var port = First + (_next++ % Count);
            if (CanListen(IPAddress.Loopback, port) && (!Socket.OSSupportsIPv6 || CanListen(IPAddress.IPv6Loopback, port)) && _taken.Add(port))
            {
                return port;
            }
        }

        throw new DistributedApplicationException($"no free port from {First} to {First + Count - 1}");
    }

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
            // Without IPv6 on the loopback interface, only the other address counts.
            return problem.SocketErrorCode == SocketError.AddressNotAvailable;
        }
    }
}
