using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Vault.V1;
using Google.Protobuf;
using Grpc.Core;

namespace AgentPlatform.Vault;

/// <summary>
/// The RPCs of the vault. See vault.proto for what each promises. What was asked for, and the answer or refusal that it gets, is
/// committed to the audit log before either leaves: without the database nothing is handed out.
/// </summary>
public sealed class VaultService(Database database, VaultRoot root, VaultSettings settings) : Contracts.Vault.V1.VaultService.VaultServiceBase
{
    private const string List = "vault.list";
    private const string Read = "vault.read";

    public override async Task<ListFilesResponse> ListFiles(ListFilesRequest request, ServerCallContext context)
    {
        var response = await GuardAsync(context, List, request.PathPrefix, () => ListPage(request, context.CancellationToken));
        await AuditAsync(context, List, request.PathPrefix, ("files", $"{response.Files.Count}"));
        return response;
    }

    public override async Task ReadFile(ReadFileRequest request, IServerStreamWriter<ReadFileResponse> responses, ServerCallContext context)
    {
        using var file = await GuardAsync(context, Read, request.Path, () => Open(request));
        await AuditAsync(context, Read, request.Path, ("size_bytes", $"{file.SizeBytes}"));
        await responses.WriteAsync(new ReadFileResponse { File = file.ToProto() }, context.CancellationToken);
        try
        {
            await SendAsync(file, responses, context.CancellationToken);
        }
        catch (PlatformException failure)
        {
            await AuditAsync(context, Read, request.Path, failure, Outcome.Failed);
            throw;
        }
    }

    private ListFilesResponse ListPage(ListFilesRequest request, CancellationToken cancellation)
    {
        VaultRules.Check(request);
        var page = PageRequest.Read("files", request.PageSize, request.PageToken, request.PathPrefix);
        var found = new VaultWalk(root, settings.ListMaximumEntries, request.PathPrefix, page.After ?? "", cancellation).Take(page.Fetch);
        var (files, next) = page.Cut(found, f => f.Path);
        return new ListFilesResponse { Files = { files }, NextPageToken = next };
    }

    private VaultHandle Open(ReadFileRequest request)
    {
        VaultRules.Check(request);
        var file = root.Find(request.Path) ?? throw VaultRules.NotFound(request.Path);
        if (file.SizeBytes <= VaultRules.FileMaximumBytes)
            return file;
        file.Dispose();
        throw VaultRules.TooLarge(request.Path);
    }

    private static async Task SendAsync(VaultHandle file, IServerStreamWriter<ReadFileResponse> responses, CancellationToken cancellation)
    {
        // One buffer serves all pieces: a piece has been encoded when its WriteAsync returns.
        var buffer = new byte[VaultRules.ChunkMaximumBytes];
        var offset = 0L;
        while (await file.ReadAsync(offset, buffer, cancellation) is var count and > 0)
        {
            await responses.WriteAsync(new ReadFileResponse { Chunk = UnsafeByteOperations.UnsafeWrap(buffer.AsMemory(0, count)) }, cancellation);
            offset += count;
        }
    }

    // Notes a refusal before the caller learns of it. UNAVAILABLE is none: nobody decided anything.
    private async Task<T> GuardAsync<T>(ServerCallContext context, string operation, string path, Func<T> look)
    {
        try { return look(); }
        catch (PlatformException refusal) when (refusal.Code is not StatusCode.Unavailable)
        {
            await AuditAsync(context, operation, path, refusal, Outcome.Denied);
            throw;
        }
    }

    private async Task AuditAsync(ServerCallContext context, string operation, string path, (string Name, string Value) detail)
    {
        await using var work = await database.BeginAsync(context);
        work.Audit(operation, Resource(path), [detail]);
        await work.CommitAsync();
    }

    private async Task AuditAsync(ServerCallContext context, string operation, string path, PlatformException why, Outcome outcome)
    {
        await using var work = await database.BeginAsync(context);
        work.Audit(operation, Resource(path), outcome: outcome, errorMessage: $"{why.Reason}: {why.Message}");
        await work.CommitAsync();
    }

    private static string Resource(string path) => $"vault/{path}";
}
