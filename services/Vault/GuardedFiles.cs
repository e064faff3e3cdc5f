using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;

namespace AgentPlatform.Vault;

/// <summary>
/// The one way by which an RPC gets at a file. It checks the path and the caller's rights, opens the file within the root, looks whether it is what its name says, uses up
/// the approval that its label takes, and commits to the audit log that it is read, or why not, before anything of it can leave: without the database nothing is
/// handed out.
/// </summary>
public sealed class GuardedFiles(Database database, VaultRoot root, VaultAccessStore access, FileApprovals approvals)
{
    private const string ReadOperation = "vault.read";
    private const string DescribeOperation = "vault.describe";

    /// <summary>
    /// Hands the open file to <paramref name="use"/>, and closes it after that. The refusals before it are those that vault.proto names for every RPC; what
    /// <paramref name="use"/> refuses is audited as a failure.
    /// </summary>
    /// <param name="path">The path as the caller gave it.</param>
    /// <param name="approvalId">The approval as the caller gave it, or ""; looked at only where a label takes one, and used up then whatever becomes of the call.</param>
    /// <param name="context">The call.</param>
    /// <param name="use">What the RPC does with the file.</param>
    public Task ReadAsync(string path, string approvalId, ServerCallContext context, Func<VaultHandle, Task> use) =>
        UseAsync(ReadOperation, path, approvalId, context, use);

    /// <summary>
    /// As <see cref="ReadAsync"/>, to tell what the file is and not what is in it. It takes no approval: whoever asks for one has to say for which SHA-256.
    /// </summary>
    public Task DescribeAsync(string path, ServerCallContext context, Func<VaultHandle, Task> use) => UseAsync(DescribeOperation, path, null, context, use);

    private async Task UseAsync(string operation, string path, string? approvalId, ServerCallContext context, Func<VaultHandle, Task> use)
    {
        using var file = await OpenAsync(operation, path, approvalId, context);
        try
        {
            await use(file);
        }
        catch (PlatformException failure) when (IsDecided(failure))
        {
            await using var work = await database.BeginRecordAsync(context);
            work.Audit(operation, VaultRules.ResourceOf(path), [("method", MethodOf(context)), ("reason", failure.Reason)], outcome: Outcome.Failed, errorMessage: failure.Message);
            await work.CommitAsync();
            throw;
        }
    }

    private async Task<VaultHandle> OpenAsync(string operation, string path, string? approvalId, ServerCallContext context)
    {
        VaultHandle? file = null;
        try
        {
            VaultRules.CheckPath(path);
            new FieldChecks().OptionalId("approval_id", approvalId ?? "", out _).ThrowIfAny();
            var rights = await access.OfCallerAsync(context);
            // Rights and labels are told by the path alone, so these refusals do not tell what is on the disk.
            if (!rights.May(FileAction.Read, path))
                throw VaultAccessRules.NotAllowed(FileAction.Read, path);
            var label = approvalId is null ? null : rights.LabelFor(path);
            if (label is not null && approvalId is "")
                throw VaultAccessRules.ApprovalRequired(path, label);

            file = Open(path, rights);
            // Last of all, so that nothing is used up for a file that cannot be had.
            var authorizedBy = label is null ? "" : await approvals.UseAsync(approvalId!, file, label, context.CancellationToken);
            await using var work = await database.BeginRecordAsync(context);
            work.Audit(operation, VaultRules.ResourceOf(path),
                [("method", MethodOf(context)), ("size_bytes", $"{file.SizeBytes}"), ("label", file.Label), ("approval_id", label is null ? "" : approvalId!)], authorizedBy);
            await work.CommitAsync();
            return file;
        }
        catch (Exception e)
        {
            file?.Dispose();
            if (e is PlatformException refusal && IsDecided(refusal))
                await database.RecordRefusalAsync(context, operation, VaultRules.ResourceOf(path), refusal);
            throw;
        }
    }

    private VaultHandle Open(string path, CallerAccess rights)
    {
        var file = root.Find(path) ?? throw VaultRules.NotFound(path);
        try
        {
            if (file.SizeBytes > VaultRules.FileMaximumBytes)
                throw VaultRules.TooLarge(path);
            if (!FileContent.IsOf(file.Kind, file))
                throw VaultRules.OtherContent(path);
            file.Label = rights.LabelOf(path)?.Name ?? "";
            return file;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    // Where something did not answer, nobody has refused anything.
    private static bool IsDecided(PlatformException refusal) => refusal.Code is not StatusCode.Unavailable;

    private static string MethodOf(ServerCallContext context) => context.Method[(context.Method.LastIndexOf('/') + 1)..];
}
