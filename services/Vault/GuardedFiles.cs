using AgentPlatform.Contracts.Audit.V1;
using Grpc.Core;

namespace AgentPlatform.Vault;

/// <summary>
/// The one way by which an RPC gets at a file. It checks the path, opens it within the root, looks whether the file is what its name says and commits to
/// the audit log that it is read, or why not, before anything of it can leave: without the database nothing is handed out.
/// </summary>
public sealed class GuardedFiles(Database database, VaultRoot root)
{
    private const string Read = "vault.read";

    /// <summary>
    /// Hands the open file to <paramref name="use"/>, and closes it after that. What <paramref name="use"/> refuses is audited as a failure.
    /// The refusals are those that vault.proto names for every RPC.
    /// </summary>
    public async Task ReadAsync(string path, ServerCallContext context, Func<VaultHandle, Task> use)
    {
        using var file = await OpenAsync(path, context);
        try
        {
            await use(file);
        }
        catch (PlatformException failure) when (failure.Code is not StatusCode.Unavailable)
        {
            await AuditAsync(context, path, failure);
            throw;
        }
    }

    private async Task<VaultHandle> OpenAsync(string path, ServerCallContext context)
    {
        VaultHandle? file = null;
        try
        {
            file = Open(path);
            await using var work = await database.BeginAsync(context);
            work.Audit(Read, VaultRules.ResourceOf(path), [("method", MethodOf(context)), ("size_bytes", $"{file.SizeBytes}")]);
            await work.CommitAsync();
            return file;
        }
        catch (Exception e)
        {
            file?.Dispose();
            // UNAVAILABLE is no refusal: nobody decided anything.
            if (e is PlatformException refusal && refusal.Code is not StatusCode.Unavailable)
                await database.RecordRefusalAsync(context, Read, VaultRules.ResourceOf(path), refusal);
            throw;
        }
    }

    private VaultHandle Open(string path)
    {
        VaultRules.CheckPath(path);
        var file = root.Find(path) ?? throw VaultRules.NotFound(path);
        try
        {
            if (file.SizeBytes > VaultRules.FileMaximumBytes)
                throw VaultRules.TooLarge(path);
            return FileContent.IsOf(file.Kind, file) ? file : throw VaultRules.OtherContent(path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private async Task AuditAsync(ServerCallContext context, string path, PlatformException why)
    {
        await using var work = await database.BeginAsync(context);
        work.Audit(Read, VaultRules.ResourceOf(path), [("method", MethodOf(context)), ("reason", why.Reason)], outcome: Outcome.Failed, errorMessage: why.Message);
        await work.CommitAsync();
    }

    private static string MethodOf(ServerCallContext context) => context.Method[(context.Method.LastIndexOf('/') + 1)..];
}
