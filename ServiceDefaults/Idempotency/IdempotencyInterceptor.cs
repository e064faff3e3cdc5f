using System.Globalization;
using AgentPlatform.Contracts.Access.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace AgentPlatform;

/// <summary>
/// Reads the idempotency key of calls whose access option takes one, and answers a repeat with the stored answer and the
/// trailer <c>idempotency-replayed: true</c>. It is in the service's own table, written in the transaction of the effect (<see cref="UnitOfWork"/>).
/// What looks like a first call does not ask for it: should it be a repeat after all, its own answer stops it at the commit. docs/decisions/0002.
/// </summary>
public sealed class IdempotencyInterceptor(AccessRules rules, SeenKeys seen, Database database) : Interceptor
{
    public const string KeyHeader = "idempotency-key";

    /// <summary>
    /// From when on answers count that are stored under the key, in milliseconds since 1970: for who cannot tell a repeat from a new call but by the time, as the gateway for MCP. Without it,
    /// or where it is longer ago than answers are kept, all count.
    /// </summary>
    public const string SinceHeader = "idempotency-key-since";

    public const string ReplayedTrailer = "idempotency-replayed";
    private const int MaximumKeyLength = 255;

    // What clients of gRPC say with each try but the first: https://github.com/grpc/proposal/blob/master/A6-client-retries.md.
    private const string PreviousAttemptsHeader = "grpc-previous-rpc-attempts";

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        var idempotency = rules.Find(context.Method)?.Idempotency ?? Contracts.Access.V1.Idempotency.Unspecified;
        if (idempotency == Contracts.Access.V1.Idempotency.Unspecified)
            return await continuation(request, context);

        var key = context.Header(KeyHeader);
        if (key is null)
            return idempotency == Contracts.Access.V1.Idempotency.Required
                ? throw Errors.InvalidArgument([new FieldViolation(KeyHeader, "is required for this method")], "IDEMPOTENCY_KEY_MISSING")
                : await continuation(request, context);
        if (key.Length is 0 or > MaximumKeyLength || key.AsSpan().ContainsAnyExceptInRange(' ', '~'))
            throw Invalid(KeyHeader, "must be 1–255 printable ASCII characters");
        var call = new IdempotentCall(context.Caller().Subject, context.Method, key, IdempotentCall.FingerprintOf((IMessage)request)) { Since = SinceOf(context) };
        call.Attach(context);
        var isRepeat = !seen.Add(call) || context.Header(PreviousAttemptsHeader) is not null;
        if (isRepeat && await database.FindAnswerAsync(context, call) is { } answer)
            return Replay<TResponse>(answer, context);
        try
        {
            return await continuation(request, context);
        }
        // It was a repeat, or met its twin.
        catch (StoredAnswerException stored) { return Replay<TResponse>(stored.Answer, context); }
    }

    private static DateTimeOffset? SinceOf(ServerCallContext context)
    {
        if (context.Header(SinceHeader) is not { } text)
            return null;
        return long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds <= DateTimeOffset.MaxValue.ToUnixTimeMilliseconds()
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : throw Invalid(SinceHeader, "must be milliseconds since 1970");
    }

    private static PlatformException Invalid(string header, string what) => Errors.InvalidArgument([new FieldViolation(header, what)], "IDEMPOTENCY_KEY_INVALID");

    private static TResponse Replay<TResponse>(byte[] answer, ServerCallContext context)
    {
        var response = Activator.CreateInstance<TResponse>();
        ((IMessage)response!).MergeFrom(answer);
        context.ResponseTrailers.Add(ReplayedTrailer, "true");
        return response;
    }
}
