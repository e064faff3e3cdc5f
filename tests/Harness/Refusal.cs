using AgentPlatform.Contracts.Rpc;
using Grpc.Core;

namespace AgentPlatform.Tests;

/// <summary>What a refused call said.</summary>
public sealed record Refusal(StatusCode Code, string Reason, IReadOnlyList<string> Fields, string Message, IReadOnlyDictionary<string, string> Facts)
{
    /// <summary>Expects the call to be refused with this code and reason, and gives back what it said.</summary>
    public static async Task<Refusal> ExpectAsync(StatusCode code, string reason, Func<Task> call)
    {
        var refusal = From(await Assert.ThrowsAsync<RpcException>(call));
        Assert.True((code, reason) == (refusal.Code, refusal.Reason), $"Expected {code} {reason}, got {refusal}");
        return refusal;
    }

    /// <summary>Expects INVALID_ARGUMENT naming exactly these fields.</summary>
    public static async Task ExpectFieldsAsync(Func<Task> call, params string[] fields)
    {
        var refusal = await ExpectAsync(StatusCode.InvalidArgument, Errors.InvalidFieldReason, call);
        Assert.Equal(fields.Order(), refusal.Fields.Order());
    }

    /// <summary>Reads the google.rpc details of a failed call.</summary>
    public static Refusal From(RpcException exception)
    {
        var bytes = exception.Trailers.GetValueBytes(GrpcStatus.DetailsKey);
        var status = bytes is null ? new Contracts.Rpc.Status() : Contracts.Rpc.Status.Parser.ParseFrom(bytes);
        var info = status.Details.Where(d => d.Is(ErrorInfo.Descriptor)).Select(d => d.Unpack<ErrorInfo>()).FirstOrDefault() ?? new ErrorInfo();
        var bad = status.Details.Where(d => d.Is(BadRequest.Descriptor)).Select(d => d.Unpack<BadRequest>()).FirstOrDefault() ?? new BadRequest();
        return new Refusal(exception.StatusCode, info.Reason, [.. bad.FieldViolations.Select(f => f.Field)], exception.Status.Detail,
            new Dictionary<string, string>(info.Metadata));
    }
}
