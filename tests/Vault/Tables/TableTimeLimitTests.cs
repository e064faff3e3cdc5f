using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;

namespace AgentPlatform.Tests.Vaults;

public sealed class TableTimeLimitTests : IClassFixture<VaultPlatform>
{
    private readonly VaultPlatform _vault;

    public TableTimeLimitTests(VaultPlatform vault)
    {
        _vault = vault;
        vault.Platform.Settings["vault"]["Vault:TableTimeLimit"] = "00:00:00.500";
    }

    [Fact]
    public async Task Whoever_does_not_take_the_rows_in_time_is_cut_off()
    {
        _vault.Folder.Write("slow.csv", "a\n" + string.Concat(Enumerable.Repeat($"{new string('x', 9_000)}\n", 1_000)));
        var client = await _vault.Platform.ClientAsync<TableService.TableServiceClient>(Tokens.Agent("slow"));
        using var call = client.ReadTable(new ReadTableRequest { Path = "slow.csv" });

        // Nobody reads until the vault has given up.
        var entries = await _vault.Platform.AuditOfAsync("vault/slow.csv", atLeast: 2);
        Assert.Equal((Outcome.Failed, "TABLE_NOT_TAKEN"), (entries[1].Outcome, entries[1].Metadata.Fields["reason"].StringValue));
        await Refusal.ExpectAsync(StatusCode.DeadlineExceeded, "TABLE_NOT_TAKEN", async () =>
        {
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
                Assert.NotEqual(ReadTableResponse.PartOneofCase.None, call.ResponseStream.Current.PartCase);
        });
    }
}
