using System.Globalization;
using AgentPlatform.Contracts.Rpc;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Status = Grpc.Core.Status;

namespace AgentPlatform;

/// <summary>Writes a refusal as gRPC sends it: a status with <c>google.rpc</c> details. There is no other way in the platform.</summary>
public static class GrpcStatus
{
    /// <summary>The metadata key of gRPC's error details, a binary google.rpc.Status.</summary>
    public const string DetailsKey = "grpc-status-details-bin";

    /// <summary>The domain of every reason of ours.</summary>
    public const string Domain = "agentplatform";

    /// <summary>The header or trailer that holds the status code.</summary>
    public const string CodeKey = "grpc-status";

    private const string MessageKey = "grpc-message";
    private const string ContentType = "application/grpc";

    /// <summary>Whether the request is a gRPC call, so that its answer must be one too.</summary>
    public static bool IsGrpc(HttpRequest request) =>
        request.ContentType?.StartsWith(ContentType, StringComparison.OrdinalIgnoreCase) is true;

    /// <summary>The refusal as an exception that the gRPC framework understands.</summary>
    public static RpcException ToRpc(PlatformException error) =>
        new(new Status(error.Code, error.Message), new Metadata { { DetailsKey, Details(error).ToByteArray() } });

    /// <summary>What a neighbour of ours has refused, in its own words, for a caller who was not the one to ask; null when it did not say why.</summary>
    public static PlatformException? FromRpc(RpcException exception)
    {
        if (exception.Trailers.FirstOrDefault(t => t.Key == DetailsKey)?.ValueBytes is not { } bytes)
            return null;
        var info = Contracts.Rpc.Status.Parser.ParseFrom(bytes).Details.Where(d => d.Is(ErrorInfo.Descriptor)).Select(d => d.Unpack<ErrorInfo>()).FirstOrDefault();
        return info is null ? null
            : new PlatformException(exception.StatusCode, info.Reason, exception.Status.Detail, exception) { Facts = new Dictionary<string, string>(info.Metadata) };
    }

    /// <summary>Answers a call, of which nothing has been sent yet, by its status alone ("trailers-only").</summary>
    public static void Refuse(HttpContext context, PlatformException error)
    {
        context.Response.Clear();
        context.Response.ContentType = ContentType;
        Write(context.Response.Headers, error);
    }

    /// <summary>Writes the status into an answer's trailers, or into its headers when it has nothing else.</summary>
    public static void Write(IHeaderDictionary destination, PlatformException error)
    {
        destination[CodeKey] = ((int)error.Code).ToString(CultureInfo.InvariantCulture);
        destination[MessageKey] = Uri.EscapeDataString(error.Message);
        destination[DetailsKey] = Convert.ToBase64String(Details(error).ToByteArray());
    }

    private static Contracts.Rpc.Status Details(PlatformException error)
    {
        var info = new ErrorInfo { Reason = error.Reason, Domain = Domain };
        foreach (var (name, value) in error.Facts)
            info.Metadata[name] = value;

        var status = new Contracts.Rpc.Status { Code = (int)error.Code, Message = error.Message };
        status.Details.Add(Any.Pack(info));
        if (error.Fields.Count > 0)
            status.Details.Add(Any.Pack(new BadRequest
            {
                FieldViolations = { error.Fields.Select(f => new BadRequest.Types.FieldViolation { Field = f.Field, Description = f.Description }) },
            }));
        if (error.RetryAfter is { } delay)
            status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = delay.ToDuration() }));
        return status;
    }
}
