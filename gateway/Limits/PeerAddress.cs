using System.Net;
using System.Net.Sockets;

namespace AgentPlatform.Gateway;

/// <summary>Who is counted as one by where he comes from.</summary>
public static class PeerAddress
{
    /// <summary>The address, of IPv6 its network, of which whoever has it has as many addresses as he likes; empty for an unknown one.</summary>
    public static string Of(IPAddress? address) => address switch
    {
        null => "",
        { IsIPv4MappedToIPv6: true } => address.MapToIPv4().ToString(),
        { AddressFamily: AddressFamily.InterNetworkV6 } => Convert.ToHexString(address.GetAddressBytes().AsSpan(0, 8)),
        _ => address.ToString(),
    };
}
