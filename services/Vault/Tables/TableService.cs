using System.Security.Cryptography;
using AgentPlatform.Contracts.Vault.V1;
using Google.Protobuf;
using Grpc.Core;

namespace AgentPlatform.Vault.Tables;

/// <summary>The RPCs of tables. See table.proto for what each promises.</summary>
public sealed class TableService(GuardedFiles files, TableGate gate, VaultSettings settings) : Contracts.Vault.V1.TableService.TableServiceBase
{
    // So many, or so many bytes, go in a message: large enough to cost little, small enough to come soon.
    private const int BatchRows = 500;
    private const int BatchBytes = 256 * 1024;

    public override async Task ReadTable(ReadTableRequest request, IServerStreamWriter<ReadTableResponse> responseStream, ServerCallContext context)
    {
        var options = TableRules.Read(request);
        await ReadAsync(request.Path, request.ApprovalId, options, context, async (file, sha256, table, stop) =>
        {
            var description = table.Description;
            var columns = TableRules.Select(description.Columns, request.Columns);
            (description.File, description.Sha256) = (file, sha256);
            description.Columns.Clear();
            description.Columns.Add(columns);
            await responseStream.WriteAsync(new ReadTableResponse { Table = description }, stop);
            foreach (var batch in InBatches(Wanted(table.Rows(columns, stop), request)))
                await responseStream.WriteAsync(new ReadTableResponse { Rows = new TableRows { Rows = { batch } } }, stop);
        });
    }

    public override async Task ReadInventory(ReadInventoryRequest request, IServerStreamWriter<ReadInventoryResponse> responseStream, ServerCallContext context)
    {
        var options = TableRules.Read(new ReadTableRequest { Sheet = request.Sheet, HeaderRow = request.HeaderRow, NumberFormat = request.NumberFormat });
        await ReadAsync(request.Path, request.ApprovalId, options, context, async (file, sha256, table, stop) =>
        {
            var reader = new InventoryReader(table, settings.Inventory, stop);
            var description = new Inventory { File = file, Sha256 = sha256, Sheet = table.Description.Sheet, Columns = { reader.Columns.ToProto() }, ItemsCount = reader.Count };
            await responseStream.WriteAsync(new ReadInventoryResponse { Inventory = description }, stop);
            foreach (var batch in InBatches(reader.Items(stop)))
                await responseStream.WriteAsync(new ReadInventoryResponse { Items = new InventoryItems { Items = { batch } } }, stop);
        });
    }

    private async Task ReadAsync(
        string path, string approvalId, TableOptions options, ServerCallContext context, Func<VaultFile, string, TableFile, CancellationToken, Task> use)
    {
        using var place = gate.Enter(context);
        await files.ReadAsync(path, approvalId, context, file => gate.LimitAsync(context, async stop =>
        {
            var bytes = Bytes(file);
            using var table = TableFile.Open(Path.GetExtension(path), bytes, options, stop);
            await use(file.ToProto(), Convert.ToHexStringLower(SHA256.HashData(bytes)), table, stop);
        }));
    }

    // All of it at once, since it is read more than once and has to be the same each time; the vault's limit of a file bounds it.
    private static byte[] Bytes(VaultHandle file)
    {
        var bytes = new byte[file.SizeBytes];
        file.AsStream().ReadExactly(bytes);
        return bytes;
    }

    private static IEnumerable<TableRow> Wanted(IEnumerable<TableRow> rows, ReadTableRequest request)
    {
        var (number, last) = (0L, request.RowCount == 0 ? long.MaxValue : Math.Max(1, request.FirstRow) + Math.Min(request.RowCount, TableLimits.Rows) - 1);
        foreach (var row in rows)
        {
            if (++number > last)
                yield break;
            if (number >= request.FirstRow)
                yield return row;
        }
    }

    private static IEnumerable<List<T>> InBatches<T>(IEnumerable<T> rows) where T : IMessage
    {
        var (batch, bytes) = (new List<T>(), 0);
        foreach (var row in rows)
        {
            batch.Add(row);
            bytes += row.CalculateSize();
            if (batch.Count < BatchRows && bytes < BatchBytes)
                continue;
            yield return batch;
            (batch, bytes) = (new List<T>(), 0);
        }
        if (batch.Count > 0)
            yield return batch;
    }
}
