using System.Runtime.InteropServices;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Vault;

/// <summary>The kernel's struct statx_timestamp: seconds since 1970, and nanoseconds.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal readonly record struct LinuxTime(long Seconds, uint Nanos)
{
    // What a Timestamp can hold: the years 1 to 9999. Some file systems hold more.
    private const long TimestampMinimumSeconds = -62_135_596_800;
    private const long TimestampMaximumSeconds = 253_402_300_799;

    public Timestamp ToTimestamp() => new()
    {
        Seconds = Math.Clamp(Seconds, TimestampMinimumSeconds, TimestampMaximumSeconds),
        Nanos = (int)Nanos,
    };
}
