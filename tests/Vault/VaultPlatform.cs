using System.Security.Cryptography;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Vault.V1.VaultService.VaultServiceClient;

namespace AgentPlatform.Tests.Vaults;

/// <summary>A class's own platform whose vault serves a folder of the class's own.</summary>
public sealed class VaultPlatform : IAsyncLifetime
{
    /// <summary>Instead of 100,000, so that a test can afford to go beyond it.</summary>
    public const int ListMaximumEntries = 200;

    public VaultPlatform(TestServers servers)
    {
        Platform = new Platform(servers);
        Platform.Settings["vault"] = new() { ["Vault:Root"] = Folder.Root, ["Vault:ListMaximumEntries"] = $"{ListMaximumEntries}" };
    }

    public Platform Platform { get; }

    public VaultFolder Folder { get; } = new();

    public async ValueTask InitializeAsync()
    {
        await Platform.InitializeAsync();
        // What rules keep from whom has tests of its own.
        await Platform.AllowAgentsAsync("**");
    }

    public async ValueTask DisposeAsync()
    {
        await Platform.DisposeAsync();
        Folder.Dispose();
    }

    public Task<Client> As(string? token) => Platform.ClientAsync<Client>(token);

    /// <summary>Reads a file to its end as an agent.</summary>
    public Task<(VaultFile File, byte[] Bytes)> ReadAsync(string path) => ReadAsync(new ReadFileRequest { Path = path });

    /// <summary>Reads what is asked for to its end as an agent, and compares what came with what the vault says it has sent.</summary>
    public async Task<(VaultFile File, byte[] Bytes)> ReadAsync(ReadFileRequest request)
    {
        using var call = (await As(Tokens.Agent("reader"))).ReadFile(request);
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var file = call.ResponseStream.Current.File;
        Assert.NotNull(file);

        using var bytes = new MemoryStream();
        while (await call.ResponseStream.MoveNext(CancellationToken.None) && call.ResponseStream.Current.PartCase == ReadFileResponse.PartOneofCase.Chunk)
        {
            var chunk = call.ResponseStream.Current.Chunk;
            Assert.InRange(chunk.Length, 1, 64 * 1024);
            chunk.WriteTo(bytes);
        }
        Assert.Equal(new ReadFileEnd { SizeBytes = bytes.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(bytes.ToArray())) }, call.ResponseStream.Current.End);
        Assert.False(await call.ResponseStream.MoveNext(CancellationToken.None));
        return (file, bytes.ToArray());
    }

    /// <summary>Expects that nothing comes of reading this path but the refusal.</summary>
    public Task<Refusal> ExpectRefusalAsync(StatusCode code, string reason, string path) =>
        Refusal.ExpectAsync(code, reason, async () =>
        {
            using var call = (await As(Tokens.Agent("refused"))).ReadFile(new ReadFileRequest { Path = path });
            await call.ResponseStream.MoveNext(CancellationToken.None);
        });

    /// <summary>All pages of a list.</summary>
    public async Task<List<string>> ListAsync(string prefix = "", int pageSize = 0, string pattern = "")
    {
        var client = await As(Tokens.Agent("lister"));
        var paths = new List<string>();
        var token = "";
        do
        {
            var page = await client.ListFilesAsync(new ListFilesRequest { PathPrefix = prefix, Pattern = pattern, PageSize = pageSize, PageToken = token });
            Assert.True(pageSize == 0 || page.Files.Count <= pageSize);
            paths.AddRange(page.Files.Select(f => f.Path));
            token = page.NextPageToken;
        }
        while (token.Length > 0);
        return paths;
    }
}
