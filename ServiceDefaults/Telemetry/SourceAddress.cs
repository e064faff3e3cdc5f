using System.Net;
using Grpc.Core;

namespace AgentPlatform;

/// <summary>
/// Where a call came from: as the gateway says, which puts its own peer's address there whatever the caller has written, or as we see it
/// when there was none. Only the gateway may reach a service's ports; whoever else does can write here what he likes.
/// </summary>
public static class SourceAddress
{
    private const string ForwardedHeader = "x-forwarded-for";

    public static string Of(ServerCallContext context)
    {
        // Earlier ones in the list are what the caller itself may have written there.
        var forwarded = context.Header(ForwardedHeader) is { } said ? said.AsSpan(said.LastIndexOf(',') + 1).Trim() : default;
        return IPAddress.TryParse(forwarded, out var address) ? address.ToString()
            : context.GetHttpContext().Connection.RemoteIpAddress?.ToString() ?? "";
    }
}
