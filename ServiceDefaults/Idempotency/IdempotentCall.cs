using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Grpc.Core;

namespace AgentPlatform;

/// <summary>A call that came with an idempotency key.</summary>
public sealed record IdempotentCall(string Caller, string Method, string Key, byte[] Fingerprint)
{
    private const string StateKey = "agentplatform.idempotency";

    /// <summary>Answers up to this time do not count, although they are kept: the next one takes their place. Null where all count that are kept.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>What makes the key one of its own: caller, method and key. A line feed can be in none of them.</summary>
    public string Identity => $"{Caller}\n{Method}\n{Key}";

    /// <summary>
    /// The number of the advisory lock: 64 bits of a SHA-256. Should two keys ever share them, one of the calls waits or is told
    /// to try again, and that is all.
    /// </summary>
    public long Lock => BitConverter.ToInt64(IdentityHash);

    /// <summary>SHA-256 of <see cref="Identity"/>: a name of fixed length that no other call has.</summary>
    public byte[] IdentityHash => field ??= SHA256.HashData(Encoding.UTF8.GetBytes(Identity));

    public static IdempotentCall? Of(ServerCallContext context) =>
        context.UserState.TryGetValue(StateKey, out var call) ? (IdempotentCall)call : null;

    public void Attach(ServerCallContext context) => context.UserState[StateKey] = this;

    /// <summary>SHA-256 of the request, with maps in the order of their keys: senders in some languages shuffle them at each try.</summary>
    public static byte[] FingerprintOf(IMessage request)
    {
        var bytes = new byte[request.CalculateSize()];
        using (var output = new CodedOutputStream(bytes) { Deterministic = true })
            request.WriteTo(output);
        return SHA256.HashData(bytes);
    }

    /// <summary>Refuses a key whose stored answer belongs to another request.</summary>
    internal void CheckSame(byte[] fingerprint)
    {
        if (!fingerprint.AsSpan().SequenceEqual(Fingerprint))
            throw Errors.InvalidArgument(
                [new FieldViolation(IdempotencyInterceptor.KeyHeader, "was used before with another request")], "IDEMPOTENCY_KEY_REUSED");
    }
}
