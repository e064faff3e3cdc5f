using Microsoft.Win32.SafeHandles;

namespace AgentPlatform.Vault;

/// <summary>
/// The folder whose files are handed out, held by a handle from the start of the process to its end. Everything is opened
/// relative to that handle, in one step of the kernel's (openat2), so between check and use there is nothing to swap.
/// A kernel without openat2, or a sandbox that forbids it, gets a walk that opens each part by itself and follows no link.
/// </summary>
public sealed class VaultRoot : IDisposable
{
    private readonly SafeFileHandle _folder;
    private readonly ulong _mountId;
    private readonly bool _walks;
    private readonly bool _allowsHardLinks;

    private VaultRoot(SafeFileHandle folder, bool allowsHardLinks, bool walks)
    {
        (_folder, _allowsHardLinks) = (folder, allowsHardLinks);
        _mountId = LinuxCalls.StatusOf(folder).MountId;
        _walks = walks || !HasOpenAt2(folder);
    }

    /// <summary>
    /// Opens the root, or says in one line (<see cref="VaultRootException"/>) why it is not one to serve from.
    /// <paramref name="walks"/> goes without openat2 even where the kernel has it.
    /// </summary>
    public static VaultRoot Open(string path, bool allowsHardLinks = false, bool walks = false)
    {
        if (!LinuxCalls.AreKnownHere)
            throw new VaultRootException("the vault needs Linux on x64 or arm64: elsewhere it cannot keep files from leading outside");
        if (path.Length == 0)
            throw new VaultRootException("set Vault:Root to the folder whose files to hand out");
        if (!Path.IsPathRooted(path) || path.Contains('\0'))
            throw new VaultRootException($"Vault:Root {path} is not an absolute path");

        var folder = LinuxCalls.OpenFolder(path, out var error) ?? throw new VaultRootException($"Vault:Root {path} cannot be opened: {error.Describe()}");
        try
        {
            CheckIsSafe(folder, path);
            return new VaultRoot(folder, allowsHardLinks, walks);
        }
        catch (Exception e)
        {
            folder.Dispose();
            throw e is IOException ? new VaultRootException($"Vault:Root {path} cannot be checked: {e.Message}") : e;
        }
    }

    /// <summary>Whether files are opened by the kernel in one step, and not by a walk.</summary>
    public bool IsGuardedByKernel => !_walks;

    /// <summary>
    /// Opens a regular file of any size and content; null when the path leads to none. The path has passed <see cref="VaultRules"/>.
    /// UNAVAILABLE when the machine could not look.
    /// </summary>
    public VaultHandle? Find(string path)
    {
        var handle = OpenWithin(path, OpenFlags.File);
        if (handle is null)
            return null;
        try
        {
            var status = LinuxCalls.StatusOf(handle);
            // The mount too: below the root, a mount is a way out that only an administrator can make, by mistake.
            if (status.IsRegularFile && status.MountId == _mountId && (_allowsHardLinks || !status.IsHardLinked))
                return new VaultHandle(path, handle, status);
        }
        catch (IOException e)
        {
            handle.Dispose();
            throw Errors.Unavailable("The vault's disk", e);
        }
        handle.Dispose();
        return null;
    }

    /// <summary>Opens a folder to read its entries, the root itself by ""; null when the path leads to none.</summary>
    internal SafeFileHandle? FindFolder(string path) => OpenWithin(path.Length == 0 ? "." : path, OpenFlags.Folder);

    public void Dispose() => _folder.Dispose();

    private SafeFileHandle? OpenWithin(string path, int flags)
    {
        var handle = _walks ? Walk(path, flags, out var error) : LinuxCalls.OpenWithin(_folder, path, flags, out error);
        return handle is null && error.IsOfMachine() ? throw Errors.Unavailable("The vault's disk", error.ToException("open")) : handle;
    }

    private SafeFileHandle? Walk(string path, int flags, out LinuxError error)
    {
        var parts = path.Split('/');
        var here = _folder;
        try
        {
            foreach (var part in parts[..^1])
            {
                if (LinuxCalls.OpenName(here, part, OpenFlags.Step, out error) is not { } next)
                    return null;
                Leave(here);
                here = next;
            }
            return LinuxCalls.OpenName(here, parts[^1], flags, out error);
        }
        finally
        {
            Leave(here);
        }
    }

    private void Leave(SafeFileHandle folder)
    {
        if (folder != _folder)
            folder.Dispose();
    }

    private static bool HasOpenAt2(SafeFileHandle folder)
    {
        using var probe = LinuxCalls.OpenWithin(folder, ".", OpenFlags.Step, out var error);
        // Sandboxes answer "not permitted" to calls that they do not know.
        return probe is not null || error is not (LinuxError.NoSuchCall or LinuxError.NotPermitted);
    }

    // What others can write to is not to be trusted, and a work tree has secrets and history that nobody meant to hand out.
    private static void CheckIsSafe(SafeFileHandle folder, string path)
    {
        if (LinuxCalls.StatusOf(folder).IsWritableByOthers)
            throw new VaultRootException($"Vault:Root {path} is writable by others; chmod o-w it");
        if (IsInGitWorkTree(folder))
            throw new VaultRootException($"Vault:Root {path} is inside a git work tree; move it out");
    }

    // From the handle upwards, so that links in the configured path do not hide where the folder really is.
    private static bool IsInGitWorkTree(SafeFileHandle folder)
    {
        var here = folder;
        try
        {
            while (!LinuxCalls.HasName(here, ".git"))
            {
                var parent = LinuxCalls.OpenParent(here, out var error) ?? throw error.ToException("opening a folder above it");
                var isTop = IsSame(here, parent);
                if (here != folder)
                    here.Dispose();
                here = parent;
                if (isTop)
                    return false;
            }
            return true;
        }
        finally
        {
            if (here != folder)
                here.Dispose();
        }
    }

    private static bool IsSame(SafeFileHandle one, SafeFileHandle other)
    {
        var (a, b) = (LinuxCalls.StatusOf(one), LinuxCalls.StatusOf(other));
        return a.Inode == b.Inode && a.Device == b.Device;
    }
}
