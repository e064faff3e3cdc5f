using System.Text.Json;
using AgentPlatform.Contracts.Rpc;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;

namespace AgentPlatform.Cli;

/// <summary>The words of the contracts, as people read them in documents and logs.</summary>
public static class RpcText
{
    private const string DetailsKey = "grpc-status-details-bin";

    /// <summary>What a refused call says, in one line: "NOT_FOUND FILE_NOT_FOUND: There is no …".</summary>
    public static string Of(RpcException exception)
    {
        var reason = ReasonOf(exception);
        var code = Of(exception.StatusCode);
        return reason.Length == 0 ? $"{code}: {exception.Status.Detail}" : $"{code} {reason}: {exception.Status.Detail}";
    }

    /// <summary>A code or an enum's value as contracts write it: "PENDING_REVIEW".</summary>
    public static string Of(Enum value) => JsonNamingPolicy.SnakeCaseUpper.ConvertName(value.ToString());

    /// <summary>The reason that a refused call gives; empty when whoever refused gave none: an address where nobody listens, or a proxy in between.</summary>
    public static string ReasonOf(RpcException exception)
    {
        try
        {
            return exception.Trailers.GetValueBytes(DetailsKey) is { } bytes
                ? Contracts.Rpc.Status.Parser.ParseFrom(bytes).Details
                    .Where(d => d.Is(ErrorInfo.Descriptor)).Select(d => d.Unpack<ErrorInfo>().Reason).FirstOrDefault("")
                : "";
        }
        catch (InvalidProtocolBufferException)
        {
            // Bytes of somebody else: the status alone has to do.
            return "";
        }
    }
}
