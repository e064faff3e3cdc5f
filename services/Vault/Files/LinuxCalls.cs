using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace AgentPlatform.Vault;

/// <summary>
/// The calls of Linux that .NET does not have: opening relative to a directory handle, and asking a handle what it is.
/// Numbers and layouts are those of the kernel's headers (openat2(2), statx(2), getdents64(2)).
/// </summary>
internal static partial class LinuxCalls
{
    private const int CurrentFolder = -100;       // AT_FDCWD
    private const int ThisHandle = 0x1000;        // AT_EMPTY_PATH
    private const int NotThroughLink = 0x100;     // AT_SYMLINK_NOFOLLOW
    private const uint WantedStatus = 0x7ff | 0x800 | 0x1000; // STATX_BASIC_STATS, STATX_BTIME, STATX_MNT_ID
    private const nint OpenAt2Number = 437;       // the same everywhere

    // Beneath the handle, over no link of any kind, within the handle's mount: RESOLVE_BENEATH, _NO_SYMLINKS, _NO_MAGICLINKS, _NO_XDEV.
    private const ulong ResolveWithin = 0x08 | 0x04 | 0x02 | 0x01;

    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    private static readonly nint GetDents64Number = IsArm ? 61 : 217;

    /// <summary>Whether the numbers here are those of this machine.</summary>
    public static bool AreKnownHere =>
        OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>Opens a folder that the operator named: any absolute path, links included.</summary>
    public static SafeFileHandle? OpenFolder(string path, out LinuxError error) =>
        Handle(() => Open(CurrentFolder, path, OpenFlags.Folder), out error);

    /// <summary>Opens the folder that holds this one; the top of the file system holds itself.</summary>
    public static SafeFileHandle? OpenParent(SafeFileHandle folder, out LinuxError error) =>
        Handle(() => Open(folder, "..", OpenFlags.Step), out error);

    /// <summary>Opens what one name in a folder stands for, unless it is a link.</summary>
    public static SafeFileHandle? OpenName(SafeFileHandle folder, string name, int flags, out LinuxError error) =>
        Handle(() => Open(folder, name, flags | OpenFlags.NoFollow), out error);

    /// <summary>Opens a path below the folder; the kernel sees to it that no step leads outside, whatever happens meanwhile.</summary>
    public static SafeFileHandle? OpenWithin(SafeFileHandle folder, string path, int flags, out LinuxError error)
    {
        var how = new OpenHow { Flags = (ulong)(flags | OpenFlags.NoFollow), Resolve = ResolveWithin };
        return Handle(() => OpenAt2(OpenAt2Number, folder, path, ref how, (nuint)Marshal.SizeOf<OpenHow>()), out error);
    }

    /// <summary>What a handle is.</summary>
    public static LinuxStatus StatusOf(SafeFileHandle handle) =>
        Statx(handle, "", ThisHandle, WantedStatus, out var raw) == 0 ? LinuxStatus.From(raw) : throw LastError.ToException("statx");

    /// <summary>Whether a folder has this name in it, whatever it stands for.</summary>
    public static bool HasName(SafeFileHandle folder, string name)
    {
        if (Statx(folder, name, NotThroughLink, WantedStatus, out _) == 0)
            return true;
        return LastError is LinuxError.NoEntry ? false : throw LastError.ToException("statx");
    }

    /// <summary>Reads the next entries of a folder as linux_dirent64 records; 0 at the end, and for a folder that was removed meanwhile.</summary>
    public static int ReadEntries(SafeFileHandle folder, Span<byte> buffer)
    {
        var count = GetDents64(GetDents64Number, folder, ref MemoryMarshal.GetReference(buffer), (nuint)buffer.Length);
        if (count >= 0)
            return (int)count;
        return LastError is LinuxError.NoEntry ? 0 : throw LastError.ToException("getdents64");
    }

    private static LinuxError LastError => (LinuxError)Marshal.GetLastPInvokeError();

    private static SafeFileHandle? Handle(Func<nint> open, out LinuxError error)
    {
        while (true)
        {
            var descriptor = open();
            error = descriptor >= 0 ? LinuxError.None : LastError;
            if (descriptor >= 0)
                return new SafeFileHandle(descriptor, ownsHandle: true);
            if (error != LinuxError.Interrupted)
                return null;
        }
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct OpenHow
    {
        public ulong Flags;
        public ulong Mode;
        public ulong Resolve;
    }

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(int folder, string path, int flags);

    [LibraryImport("libc", EntryPoint = "openat", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(SafeFileHandle folder, string path, int flags);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial nint OpenAt2(nint number, SafeFileHandle folder, string path, ref OpenHow how, nuint size);

    [LibraryImport("libc", EntryPoint = "syscall", SetLastError = true)]
    private static partial nint GetDents64(nint number, SafeFileHandle folder, ref byte buffer, nuint size);

    [LibraryImport("libc", EntryPoint = "statx", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Statx(SafeFileHandle folder, string path, int flags, uint mask, out LinuxStatus.Raw status);
}
