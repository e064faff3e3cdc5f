using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;

namespace AgentPlatform.Costings;

/// <summary>
/// Reads prices out of the vault, with the caller's own token: whoever may not read the file cannot have it read by Costing, and the vault's refusals are passed on in its own words.
/// </summary>
public sealed class PriceFileReader(TableService.TableServiceClient tables)
{
    public async Task<(Table Table, PriceFile File)> ReadAsync(ImportPriceListRequest request, ServerCallContext context)
    {
        var reading = new ReadTableRequest
        {
            Path = request.Path,
            Sheet = request.Sheet,
            HeaderRow = request.HeaderRow,
            NumberFormat = request.NumberFormat,
            DateOrder = request.DateOrder,
            ApprovalId = request.ApprovalId,
        };
        using var call = tables.ReadTable(reading, cancellationToken: context.CancellationToken);
        var (table, file) = ((Table?)null, (PriceFile?)null);
        await foreach (var part in call.ResponseStream.ReadAllAsync(context.CancellationToken))
        {
            if (part.Table is not null)
                file = new PriceFile(request, table = part.Table);
            foreach (var row in part.Rows?.Rows ?? [])
                file!.Add(row);
        }
        file!.ThrowIfAny();
        return (table!, file);
    }
}
