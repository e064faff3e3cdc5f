using System.Text;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;

namespace AgentPlatform.Tests.Vaults;

/// <summary>The race of <see cref="VaultRaceTests"/> through the service, as agents would run it.</summary>
public sealed class VaultServiceRaceTests(VaultPlatform vault) : IClassFixture<VaultPlatform>
{
    private const int Swaps = 20_000;
    private const int Readers = 8;

    [Fact]
    public async Task No_byte_from_outside_leaves_the_service_while_another_process_turns_files_and_folders_into_links()
    {
        using var swapper = new VaultSwapper(vault.Folder);
        using var done = new CancellationTokenSource();
        var client = await vault.As(Tokens.Agent("racer"));
        var readers = Enumerable.Range(0, Readers).Select(i => Task.Run(() => ReadManyAsync(client, VaultSwapper.Paths[i % 2], done.Token))).ToArray();
        try { await swapper.RunAsync(Swaps); }
        finally { await done.CancelAsync(); }

        var outcomes = (await Task.WhenAll(readers)).SelectMany(o => o).ToHashSet();
        Assert.Contains(VaultSwapper.Inside, outcomes);
        Assert.Contains("FILE_NOT_FOUND", outcomes);
        Assert.Subset(new HashSet<string> { "FILE_NOT_FOUND", "FILE_CHANGED", VaultSwapper.Inside }, outcomes);
    }

    // What came of it: the content, or the reason why not.
    private static async Task<HashSet<string>> ReadManyAsync(VaultService.VaultServiceClient client, string path, CancellationToken done)
    {
        var outcomes = new HashSet<string>();
        while (!done.IsCancellationRequested)
        {
            using var call = client.ReadFile(new ReadFileRequest { Path = path });
            var bytes = new MemoryStream();
            try
            {
                while (await call.ResponseStream.MoveNext(CancellationToken.None))
                    call.ResponseStream.Current.Chunk.WriteTo(bytes);
                outcomes.Add(Encoding.UTF8.GetString(bytes.ToArray()));
            }
            catch (RpcException e)
            {
                outcomes.Add(Refusal.From(e).Reason);
                // Not a byte that came before the refusal is from elsewhere.
                Assert.Contains(Encoding.UTF8.GetString(bytes.ToArray()), (string[])["", VaultSwapper.Inside]);
            }
        }
        return outcomes;
    }
}
