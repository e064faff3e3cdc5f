using System.Security.Cryptography;
using AgentPlatform.Contracts.Vault.V1;
using Microsoft.Win32.SafeHandles;

namespace AgentPlatform.Vault;

/// <summary>
/// An open file of the vault. What it tells was asked of the handle, never of the path, and is checked again while reading:
/// whoever gets all bytes without a refusal has the file as it was at one moment, as far as size and times tell.
/// </summary>
public sealed class VaultHandle : IDisposable
{
    private const int HashBufferBytes = 128 * 1024;

    private readonly SafeFileHandle _handle;
    private readonly LinuxStatus _status;

    internal VaultHandle(string path, SafeFileHandle handle, LinuxStatus status) => (Path, _handle, _status) = (path, handle, status);

    public string Path { get; }

    /// <summary>What the name says that it is; <see cref="FileContent"/> tells whether that is so.</summary>
    public FileKind Kind => VaultRules.KindOf(Path);

    public long SizeBytes => _status.SizeBytes;

    /// <summary>The name of the strictest label that the file has, once somebody has looked; else "".</summary>
    public string Label { get; internal set; } = "";

    public VaultFile ToProto() => new()
    {
        Path = Path,
        SizeBytes = SizeBytes,
        ModifyTime = _status.Modified.ToTimestamp(),
        CreateTime = _status.Created?.ToTimestamp(),
        Kind = Kind,
        Label = Label,
    };

    /// <summary>
    /// Reads the bytes at <paramref name="offset"/>; 0 at the end and beyond. ABORTED <c>FILE_CHANGED</c> as soon as the file is seen to be
    /// no longer the one that was opened, so never more than <see cref="SizeBytes"/> are read, and the last of them only of a file that has not changed.
    /// </summary>
    public int Read(long offset, Span<byte> buffer)
    {
        var wanted = (int)Math.Clamp(SizeBytes - offset, 0, buffer.Length);
        if (wanted == 0)
            return 0;
        try
        {
            // Not asynchronously: .NET would only move the same call to another thread, for files that mostly are in memory.
            var count = RandomAccess.Read(_handle, buffer[..wanted], offset);
            if (count == 0 || (offset + count == SizeBytes && !IsUnchanged()))
                throw VaultRules.Changed(Path);
            return count;
        }
        catch (IOException e) { throw Errors.Unavailable("The vault's disk", e); }
    }

    /// <summary>ABORTED <c>FILE_CHANGED</c> unless the file is as it was opened; for readers that do not read to its end.</summary>
    public void CheckUnchanged()
    {
        try
        {
            if (!IsUnchanged())
                throw VaultRules.Changed(Path);
        }
        catch (IOException e) { throw Errors.Unavailable("The vault's disk", e); }
    }

    /// <summary>The file as a stream to read and to seek in, with the checks of <see cref="Read"/>. It holds nothing that would be to dispose of.</summary>
    public Stream AsStream() => new VaultStream(this);

    /// <summary>SHA-256 of the whole file.</summary>
    public byte[] Sha256(CancellationToken cancellation)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[Math.Min(HashBufferBytes, SizeBytes)];
        var offset = 0L;
        while (Read(offset, buffer) is var count and > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.AppendData(buffer, 0, count);
            offset += count;
        }
        return hash.GetHashAndReset();
    }

    private bool IsUnchanged() => LinuxCalls.StatusOf(_handle).IsAsAt(_status);

    public void Dispose() => _handle.Dispose();
}
