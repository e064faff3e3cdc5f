using System.Runtime.InteropServices;

namespace AgentPlatform.Vault.Tables;

/// <summary>Makes a stream of bytes that are in memory, without a copy.</summary>
internal static class BytesStream
{
    public static MemoryStream Of(ReadOnlyMemory<byte> bytes) => MemoryMarshal.TryGetArray(bytes, out var array)
        ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
        : new MemoryStream(bytes.ToArray(), writable: false);
}
