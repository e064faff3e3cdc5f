using System.Net;
using Grpc.Core;

namespace AgentPlatform.Audit;

/// <summary>Where a call came from, as its last proxy saw it, or as we do when there was none.</summary>
public static class SourceAddress
{
    private const string ForwardedHeader = "x-forwarded-for";

    public static string Of(ServerCallContext context)
    {
        // Earlier ones in the list are what the caller itself may have written there.
        var forwarded = context.RequestHeaders.GetValue(ForwardedHeader)?.Split(',')[^1].Trim();
        return IPAddress.TryParse(forwarded, out var address) ? address.ToString()
            : context.GetHttpContext().Connection.RemoteIpAddress?.ToString() ?? "";
    }
}
