using AgentPlatform.Cli;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace AgentPlatform.Bench.Vaults;

/// <summary>An agent that reads tables of the vault.</summary>
public sealed class TableReader(GrpcChannel channel, string token)
{
    private readonly TableService.TableServiceClient _tables = new(VaultReader.Authorized(channel, token));

    /// <summary>Reads a table to its end; how many rows came, and the reason when it was refused.</summary>
    public async Task<(string Answer, long Rows)> ReadAsync(string name)
    {
        var rows = 0L;
        try
        {
            using var call = _tables.ReadTable(new ReadTableRequest { Path = name });
            while (await call.ResponseStream.MoveNext(CancellationToken.None))
                rows += call.ResponseStream.Current.Rows?.Rows.Count ?? 0;
            return (TableRun.Read, rows);
        }
        catch (RpcException e) { return (RpcText.ReasonOf(e), rows); }
    }
}
