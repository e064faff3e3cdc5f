using System.Runtime.InteropServices;

namespace AgentPlatform.Vault;

/// <summary>How something is opened: always for reading, and never handed on to a child process (O_CLOEXEC).</summary>
internal static class OpenFlags
{
    private const int CloseOnExec = 0x80000;
    private const int PathOnly = 0x200000;
    private const int NonBlocking = 0x800;
    private const int NoTerminal = 0x100;

    // Of the flags used here, these two differ between processors.
    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
    private static readonly int FolderOnly = IsArm ? 0x4000 : 0x10000;

    /// <summary>Fails on a link (O_NOFOLLOW).</summary>
    public static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;

    /// <summary>A file. A pipe in its place must not block the opening, nor a terminal become the process's own.</summary>
    public static readonly int File = CloseOnExec | NonBlocking | NoTerminal;

    /// <summary>A folder whose entries are to be read.</summary>
    public static readonly int Folder = CloseOnExec | FolderOnly;

    /// <summary>A folder to step through: the right to read its entries is not needed.</summary>
    public static readonly int Step = Folder | PathOnly;
}
