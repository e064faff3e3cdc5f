using System.Security.Cryptography;
using AgentPlatform.Contracts.Vault.V1;
using Google.Protobuf;
using Grpc.Core;

namespace AgentPlatform.Vault;

/// <summary>The RPCs of the vault. See vault.proto for what each promises.</summary>
public sealed class VaultService(
    Database database, GuardedFiles files, VaultRoot root, VaultAccessStore access, VaultSettings settings, StreamGate gate)
    : Contracts.Vault.V1.VaultService.VaultServiceBase
{
    private const string List = "vault.list";

    public override async Task<ListFilesResponse> ListFiles(ListFilesRequest request, ServerCallContext context)
    {
        var resource = VaultRules.ResourceOf(request.PathPrefix);
        try
        {
            VaultRules.Check(request, out var pattern);
            var response = ListPage(request, pattern, await access.OfCallerAsync(context), context.CancellationToken);
            await using var work = await database.BeginAsync(context);
            work.Audit(List, resource, [("files", $"{response.Files.Count}"), ("pattern", request.Pattern)]);
            await work.CommitAsync();
            return response;
        }
        catch (PlatformException refusal) when (refusal.Code is not StatusCode.Unavailable)
        {
            await database.RecordRefusalAsync(context, List, resource, refusal);
            throw;
        }
    }

    public override async Task<GetFileResponse> GetFile(GetFileRequest request, ServerCallContext context)
    {
        var response = new GetFileResponse();
        await files.DescribeAsync(request.Path, context, file =>
        {
            response.Sha256 = Convert.ToHexStringLower(file.Sha256(context.CancellationToken));
            response.File = file.ToProto();
            return Task.CompletedTask;
        });
        return response;
    }

    public override Task ReadFile(ReadFileRequest request, IServerStreamWriter<ReadFileResponse> responses, ServerCallContext context)
    {
        VaultRules.Check(request);
        return gate.RunAsync(context, stop => files.ReadAsync(request.Path, request.ApprovalId, context, async file =>
        {
            var end = VaultRules.EndOf(request, file.SizeBytes);
            await responses.WriteAsync(new ReadFileResponse { File = file.ToProto() }, stop);
            await SendAsync(file, request.Offset, end, responses, stop);
        }));
    }

    private ListFilesResponse ListPage(ListFilesRequest request, PathPattern? pattern, CallerAccess rights, CancellationToken cancellation)
    {
        var page = PageRequest.Read("files", request.PageSize, request.PageToken, request.PathPrefix, request.Pattern);
        var found = new VaultWalk(root, rights, settings.ListMaximumEntries, request.PathPrefix, page.After ?? "", pattern, cancellation).Take(page.Fetch);
        var (rows, next) = page.Cut(found, f => f.Path);
        return new ListFilesResponse { Files = { rows }, NextPageToken = next };
    }

    private static async Task SendAsync(VaultHandle file, long offset, long end, IServerStreamWriter<ReadFileResponse> responses, CancellationToken stop)
    {
        // One buffer serves all pieces: a piece has been encoded when its WriteAsync returns.
        var buffer = new byte[Math.Min(VaultRules.ChunkMaximumBytes, end - offset)];
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var next = offset;
        while (next < end)
        {
            var piece = buffer.AsMemory(0, (int)Math.Min(buffer.Length, end - next));
            piece = piece[..file.Read(next, piece.Span)];
            next += piece.Length;
            // A range has to be of one moment as the whole is, before its last piece leaves.
            if (next == end)
                file.CheckUnchanged();
            hash.AppendData(piece.Span);
            await responses.WriteAsync(new ReadFileResponse { Chunk = UnsafeByteOperations.UnsafeWrap(piece) }, stop);
        }
        var sent = new ReadFileEnd { Sha256 = Convert.ToHexStringLower(hash.GetHashAndReset()), SizeBytes = end - offset };
        await responses.WriteAsync(new ReadFileResponse { End = sent }, stop);
    }
}
