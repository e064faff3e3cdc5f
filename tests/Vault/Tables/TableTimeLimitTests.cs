using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;

namespace AgentPlatform.Tests.Vaults;

public sealed class TableTimeLimitTests : IClassFixture<VaultPlatform>
{
    private readonly VaultPlatform _vault;

    public TableTimeLimitTests(VaultPlatform vault)
    {
        _vault = vault;
        vault.Platform.Settings["vault"]["Vault:TableTimeLimit"] = "00:00:02";
        vault.Platform.Settings["vault"]["Vault:TablesAtOnce"] = "1";
    }

    [Fact]
    public async Task Whoever_does_not_take_the_rows_in_time_is_cut_off_and_the_next_one_gets_the_place()
    {
        _vault.Folder.Write("slow.csv", "a\n" + string.Concat(Enumerable.Repeat($"{new string('x', 9_000)}\n", 1_000)));
        _vault.Folder.Write("small.csv", "a\n1\n");
        using var slow = (await As("slow")).ReadTable(new ReadTableRequest { Path = "slow.csv" });
        // Nothing is read of it, and what a connection takes by itself is less than the file.
        await slow.ResponseHeadersAsync;

        var next = await As("next");
        await Eventually.TrueAsync(async () =>
        {
            using var call = next.ReadTable(new ReadTableRequest { Path = "small.csv" });
            try { return await call.ResponseStream.MoveNext(CancellationToken.None); }
            catch (RpcException e) when (Refusal.From(e).Reason == "TOO_MANY_TABLES") { return false; }
        }, "a place");
        await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await slow.ResponseStream.MoveNext(CancellationToken.None))
                Assert.NotEqual(ReadTableResponse.PartOneofCase.None, slow.ResponseStream.Current.PartCase);
        });
    }

    private Task<TableService.TableServiceClient> As(string agent) => _vault.Platform.ClientAsync<TableService.TableServiceClient>(Tokens.Agent(agent));
}
