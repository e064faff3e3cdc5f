using AgentPlatform.Contracts.Vault.V1;
using Microsoft.Win32.SafeHandles;

namespace AgentPlatform.Vault;

/// <summary>
/// An open file of the vault. What it tells was asked of the handle, never of the path, and is checked again while reading:
/// whoever gets all bytes without a refusal has the file as it was at one moment, as far as size and time of change tell.
/// </summary>
public sealed class VaultHandle : IDisposable
{
    private readonly SafeFileHandle _handle;
    private readonly LinuxStatus _status;

    internal VaultHandle(string path, SafeFileHandle handle, LinuxStatus status) => (Path, _handle, _status) = (path, handle, status);

    public string Path { get; }

    public long SizeBytes => _status.SizeBytes;

    public VaultFile ToProto() => new() { Path = Path, SizeBytes = SizeBytes, ModifyTime = _status.ModifyTime };

    /// <summary>
    /// Reads the bytes at <paramref name="offset"/>; 0 at the end. ABORTED <c>FILE_CHANGED</c> as soon as the file is seen to be
    /// no longer the one that was opened, so never more than <see cref="SizeBytes"/> are read.
    /// </summary>
    public async Task<int> ReadAsync(long offset, Memory<byte> buffer, CancellationToken cancellation)
    {
        try
        {
            var count = await RandomAccess.ReadAsync(_handle, buffer, offset, cancellation);
            var isWhole = count > 0 ? offset + count <= SizeBytes : offset == SizeBytes && IsUnchanged();
            return isWhole ? count : throw VaultRules.Changed(Path);
        }
        catch (IOException e) { throw Errors.Unavailable("The vault's disk", e); }
    }

    private bool IsUnchanged() => LinuxCalls.StatusOf(_handle) is var now
        && (now.SizeBytes, now.ModifySeconds, now.ModifyNanos) == (_status.SizeBytes, _status.ModifySeconds, _status.ModifyNanos);

    public void Dispose() => _handle.Dispose();
}
