using AgentPlatform.Contracts.Access.V1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Core.Interceptors;

namespace AgentPlatform;

/// <summary>
/// Reads the idempotency key of calls whose access option takes one, and answers a repeat with the stored answer and the
/// trailer <c>idempotency-replayed: true</c>. Redis answers the common case; the truth is the service's own table, written in
/// the transaction of the effect (<see cref="UnitOfWork"/>).
/// </summary>
public sealed class IdempotencyInterceptor(AccessRules rules, AnswerCache answers) : Interceptor
{
    public const string KeyHeader = "idempotency-key";

    /// <summary>
    /// Another key under which the same call may have been made before: for who makes keys of the time, as the gateway does for MCP, where a repeat may come when the time
    /// has brought another key.
    /// </summary>
    public const string EarlierKeyHeader = "idempotency-key-earlier";

    public const string ReplayedTrailer = "idempotency-replayed";
    private const int MaximumKeyLength = 255;

    public override async Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
    {
        var idempotency = rules.Find(context.Method)?.Idempotency ?? Contracts.Access.V1.Idempotency.Unspecified;
        if (idempotency == Contracts.Access.V1.Idempotency.Unspecified)
            return await continuation(request, context);

        var key = context.RequestHeaders.GetValue(KeyHeader);
        if (key is null)
            return idempotency == Contracts.Access.V1.Idempotency.Required
                ? throw Errors.InvalidArgument([new FieldViolation(KeyHeader, "is required for this method")], "IDEMPOTENCY_KEY_MISSING")
                : await continuation(request, context);
        Check(KeyHeader, key);
        var call = new IdempotentCall(context.Caller().Subject, context.Method, key, IdempotentCall.FingerprintOf((IMessage)request)) { Earlier = EarlierOf(key, request, context) };
        call.Attach(context);
        if ((await answers.FindAsync(call) ?? (call.Earlier is { } earlier ? await answers.FindAsync(earlier) : null)) is var (fingerprint, answer))
        {
            call.CheckSame(fingerprint);
            return Replay<TResponse>(answer, context);
        }
        try
        {
            return await continuation(request, context);
        }
        // The table had an answer that Redis had not.
        catch (StoredAnswerException stored) { return Replay<TResponse>(stored.Answer, context); }
    }

    private static IdempotentCall? EarlierOf<TRequest>(string key, TRequest request, ServerCallContext context)
    {
        if (context.RequestHeaders.GetValue(EarlierKeyHeader) is not { } earlier || earlier == key)
            return null;
        Check(EarlierKeyHeader, earlier);
        return new IdempotentCall(context.Caller().Subject, context.Method, earlier, IdempotentCall.FingerprintOf((IMessage)request!));
    }

    private static void Check(string header, string key)
    {
        if (key.Length is 0 or > MaximumKeyLength || key.Any(c => c is < ' ' or > '~'))
            throw Errors.InvalidArgument([new FieldViolation(header, "must be 1–255 printable ASCII characters")], "IDEMPOTENCY_KEY_INVALID");
    }

    private static TResponse Replay<TResponse>(byte[] answer, ServerCallContext context)
    {
        var response = Activator.CreateInstance<TResponse>();
        ((IMessage)response!).MergeFrom(answer);
        context.ResponseTrailers.Add(ReplayedTrailer, "true");
        return response;
    }
}
