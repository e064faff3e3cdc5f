using System.Buffers.Binary;
using Grpc.Core;
using Microsoft.AspNetCore.Http;

namespace AgentPlatform;

/// <summary>
/// The id by which a caller finds a call again in every log, span and audit entry: taken from <c>X-Correlation-ID</c>, or made.
/// </summary>
public static class CorrelationId
{
    public const string Header = "x-correlation-id";
    private const int MaximumLength = 128;
    private static readonly object ItemKey = new();

    /// <summary>The correlation id of a gRPC call.</summary>
    public static string Of(ServerCallContext context) => Of(context.GetHttpContext());

    /// <summary>The correlation id of a request; empty before <see cref="CorrelationMiddleware"/> ran.</summary>
    public static string Of(HttpContext context) => context.Items[ItemKey] as string ?? "";

    internal static string TakeOrMake(HttpContext context, TimeProvider clock)
    {
        var given = context.Request.Headers[Header].ToString();
        var id = IsValid(given) ? given : New(clock.GetUtcNow()).ToString();
        context.Items[ItemKey] = id;
        return id;
    }

    // A UUIDv7, of numbers that need not be secret: to ask the kernel for those takes longer than all else here.
    private static Guid New(DateTimeOffset now)
    {
        Span<byte> bytes = stackalloc byte[16];
        Random.Shared.NextBytes(bytes);
        BinaryPrimitives.WriteInt64BigEndian(bytes, (now.ToUnixTimeMilliseconds() << 16) | 0x7000 | (BinaryPrimitives.ReadInt64BigEndian(bytes) & 0xFFF));
        bytes[8] = (byte)(bytes[8] & 0x3F | 0x80);
        return new Guid(bytes, bigEndian: true);
    }

    // Anything else would let a caller write lines of its own into logs.
    private static bool IsValid(string id) => id.Length is > 0 and <= MaximumLength && id.All(c => c is > ' ' and <= '~');
}
