using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;

namespace AgentPlatform.Tests.Vaults;

public sealed class TableTimeLimitTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public TableTimeLimitTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["vault"] = new() { ["Vault:TableTimeLimit"] = "00:00:02", ["Vault:TablesAtOnce"] = "1" };
    }

    [Fact]
    public async Task Whoever_does_not_take_the_rows_in_time_is_cut_off_and_the_next_one_gets_the_place()
    {
        await _platform.AllowAgentsAsync("**");
        await File.WriteAllBytesAsync(Path.Combine(_platform.VaultRoot, "slow.xlsx"), WorkbookFile.Heavy());
        await File.WriteAllTextAsync(Path.Combine(_platform.VaultRoot, "small.csv"), "a\n1\n");
        using var slow = (await As("slow")).ReadTable(new ReadTableRequest { Path = "slow.xlsx" });
        // Nothing is read of it.
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

    private Task<TableService.TableServiceClient> As(string agent) => _platform.ClientAsync<TableService.TableServiceClient>(Tokens.Agent(agent));
}
