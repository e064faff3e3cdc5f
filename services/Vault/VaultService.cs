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
    private const string Count = "vault.count";

    public override Task<ListFilesResponse> ListFiles(ListFilesRequest request, ServerCallContext context) =>
        OnRecordAsync<ListFilesResponse>(List, request.PathPrefix, context, async () =>
        {
            VaultRules.Check(request, out var pattern);
            var response = ListPage(request, pattern, await access.OfCallerAsync(context), context.CancellationToken);
            return (response, [("files", $"{response.Files.Count}"), ("pattern", request.Pattern)]);
        });

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

    public override Task<GetVaultStatsResponse> GetVaultStats(GetVaultStatsRequest request, ServerCallContext context) =>
        OnRecordAsync<GetVaultStatsResponse>(Count, request.PathPrefix, context, async () =>
        {
            VaultRules.CheckPrefix(new FieldChecks(), request.PathPrefix).ThrowIfAny();
            var walk = Walk(request.PathPrefix, "", null, await access.OfCallerAsync(context), context.CancellationToken);
            var response = VaultStats.Of(walk);
            response.GuardedByKernel = root.IsGuardedByKernel;
            return (response, [("files", $"{response.Kinds.Sum(k => k.Count)}")]);
        });

    private ListFilesResponse ListPage(ListFilesRequest request, PathPattern? pattern, CallerAccess rights, CancellationToken cancellation)
    {
        var page = PageRequest.Read("files", request.PageSize, request.PageToken, request.PathPrefix, request.Pattern);
        var found = Walk(request.PathPrefix, page.After ?? "", pattern, rights, cancellation).Files().Take(page.Fetch).ToList();
        var (rows, next) = page.Cut(found, f => f.Path);
        return new ListFilesResponse { Files = { rows }, NextPageToken = next };
    }

    private VaultWalk Walk(string prefix, string after, PathPattern? pattern, CallerAccess rights, CancellationToken cancellation) =>
        new(root, rights, settings.ListMaximumEntries, prefix, after, pattern, cancellation);

    // Audited before the answer leaves, or with the refusal; what does not answer has refused nothing.
    private async Task<T> OnRecordAsync<T>(string operation, string prefix, ServerCallContext context, Func<Task<(T Response, (string, string)[] Details)>> look)
    {
        var resource = VaultRules.ResourceOf(prefix);
        try
        {
            var (response, details) = await look();
            await using var work = await database.BeginAsync(context);
            work.Audit(operation, resource, details);
            await work.CommitAsync();
            return response;
        }
        catch (PlatformException refusal) when (refusal.Code is not StatusCode.Unavailable)
        {
            await database.RecordRefusalAsync(context, operation, resource, refusal);
            throw;
        }
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
