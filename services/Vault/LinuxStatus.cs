using System.Runtime.InteropServices;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Vault;

/// <summary>What a handle is, as statx tells. <c>MountId</c> is 0 where the kernel is older than 5.8.</summary>
internal readonly record struct LinuxStatus(
    int Mode, long SizeBytes, long ModifySeconds, int ModifyNanos, ulong Inode, ulong Device, ulong MountId)
{
    private const int KindMask = 0xf000;
    private const int RegularKind = 0x8000;
    private const int OthersWrite = 0x2;

    // What a Timestamp can hold: the years 1 to 9999. Some file systems hold more.
    private const long TimestampMinimumSeconds = -62_135_596_800;
    private const long TimestampMaximumSeconds = 253_402_300_799;

    public bool IsRegularFile => (Mode & KindMask) == RegularKind;

    public bool IsWritableByOthers => (Mode & OthersWrite) != 0;

    public Timestamp ModifyTime => new()
    {
        Seconds = Math.Clamp(ModifySeconds, TimestampMinimumSeconds, TimestampMaximumSeconds),
        Nanos = ModifyNanos,
    };

    public static LinuxStatus From(in Raw raw) => new(
        raw.Mode, (long)raw.Size, raw.ModifySeconds, (int)raw.ModifyNanos, raw.Inode, (ulong)raw.DeviceMajor << 32 | raw.DeviceMinor, raw.MountId);

    /// <summary>The kernel's struct statx, the same on every processor.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public readonly struct Raw
    {
        [FieldOffset(28)] public readonly ushort Mode;
        [FieldOffset(32)] public readonly ulong Inode;
        [FieldOffset(40)] public readonly ulong Size;
        [FieldOffset(112)] public readonly long ModifySeconds;
        [FieldOffset(120)] public readonly uint ModifyNanos;
        [FieldOffset(136)] public readonly uint DeviceMajor;
        [FieldOffset(140)] public readonly uint DeviceMinor;
        [FieldOffset(144)] public readonly ulong MountId;
    }
}
