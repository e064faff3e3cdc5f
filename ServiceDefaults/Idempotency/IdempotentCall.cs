using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;

namespace AgentPlatform;

/// <summary>A call that came with an idempotency key.</summary>
internal sealed record IdempotentCall(string Caller, string Method, string Key, byte[] Fingerprint)
{
    private const string StateKey = "agentplatform.idempotency";

    public static IdempotentCall? Of(ServerCallContext context) =>
        context.UserState.TryGetValue(StateKey, out var call) ? (IdempotentCall)call : null;

    public void Attach(ServerCallContext context) => context.UserState[StateKey] = this;

    /// <summary>SHA-256 of the request, with maps in the order of their keys: senders in some languages shuffle them at each try.</summary>
    public static byte[] FingerprintOf(IMessage request)
    {
        using var bytes = new MemoryStream(request.CalculateSize());
        using (var output = new CodedOutputStream(bytes, leaveOpen: true) { Deterministic = true })
            request.WriteTo(output);
        return SHA256.HashData(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    /// <summary>Ends the call with the stored answer, or refuses it when it is not the request that the answer belongs to.</summary>
    public void Replay(byte[] fingerprint, byte[] answer)
    {
        if (!fingerprint.AsSpan().SequenceEqual(Fingerprint))
            throw Errors.InvalidArgument(
                [new FieldViolation(IdempotencyInterceptor.KeyHeader, "was used before with another request")], "IDEMPOTENCY_KEY_REUSED");
        throw new StoredAnswerException(answer);
    }
}
