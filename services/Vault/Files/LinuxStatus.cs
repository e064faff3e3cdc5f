using System.Runtime.InteropServices;

namespace AgentPlatform.Vault;

/// <summary>What a handle is, as statx tells. <c>MountId</c> is 0 where the kernel is older than 5.8.</summary>
internal readonly record struct LinuxStatus(
    int Mode, int Links, long SizeBytes, LinuxTime Modified, LinuxTime Changed, LinuxTime? Created, ulong Inode, ulong Device, ulong MountId)
{
    private const int KindMask = 0xf000;
    private const int RegularKind = 0x8000;
    private const int OthersWrite = 0x2;

    private const uint HasCreationTime = 0x800; // STATX_BTIME

    public bool IsRegularFile => (Mode & KindMask) == RegularKind;

    public bool IsWritableByOthers => (Mode & OthersWrite) != 0;

    /// <summary>Whether the file has another name somewhere, which may be outside the root.</summary>
    public bool IsHardLinked => Links > 1;

    public static LinuxStatus From(in Raw raw) => new(
        raw.Mode, (int)raw.Links, (long)raw.Size, raw.Modified, raw.Changed, (raw.Mask & HasCreationTime) != 0 ? raw.Created : null,
        raw.Inode, (ulong)raw.DeviceMajor << 32 | raw.DeviceMinor, raw.MountId);

    /// <summary>
    /// Whether the file is still as it was, as far as Linux tells. The change of its name or of who may read it counts as well, since the time of that
    /// is one that nobody can set back; but not that its last name is gone, for then no name leads to what is being read.
    /// </summary>
    public bool IsAsAt(LinuxStatus before) =>
        (SizeBytes, Modified) == (before.SizeBytes, before.Modified) && (Links != before.Links || Changed == before.Changed);

    /// <summary>The kernel's struct statx, the same on every processor.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 256)]
    public readonly struct Raw
    {
        [FieldOffset(0)] public readonly uint Mask;
        [FieldOffset(16)] public readonly uint Links;
        [FieldOffset(28)] public readonly ushort Mode;
        [FieldOffset(32)] public readonly ulong Inode;
        [FieldOffset(40)] public readonly ulong Size;
        [FieldOffset(80)] public readonly LinuxTime Created;
        [FieldOffset(96)] public readonly LinuxTime Changed;
        [FieldOffset(112)] public readonly LinuxTime Modified;
        [FieldOffset(136)] public readonly uint DeviceMajor;
        [FieldOffset(140)] public readonly uint DeviceMinor;
        [FieldOffset(144)] public readonly ulong MountId;
    }
}
