using System.Security.Cryptography;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;

namespace AgentPlatform.Vault.Tables;

/// <summary>The RPCs of tables. See table.proto for what each promises.</summary>
public sealed class TableService(GuardedFiles files, TableGate gate) : Contracts.Vault.V1.TableService.TableServiceBase
{
    // So many, or so many bytes, go in a message: large enough to cost little, small enough to come soon.
    private const int BatchRows = 500;
    private const int BatchBytes = 256 * 1024;

    public override async Task ReadTable(ReadTableRequest request, IServerStreamWriter<ReadTableResponse> responseStream, ServerCallContext context)
    {
        var options = TableRules.Read(request);
        using var place = gate.Enter(context);
        await files.ReadAsync(request.Path, request.ApprovalId, context, file => gate.LimitAsync(context, stop => SendAsync(file, request, options, responseStream, stop)));
    }

    private static async Task SendAsync(
        VaultHandle file, ReadTableRequest request, TableOptions options, IServerStreamWriter<ReadTableResponse> responseStream, CancellationToken stop)
    {
        var bytes = Bytes(file);
        using var table = TableFile.Open(Path.GetExtension(request.Path), bytes, options, stop);
        var description = table.Description;
        var columns = TableRules.Select(description.Columns, request.Columns);
        (description.File, description.Sha256) = (file.ToProto(), Convert.ToHexStringLower(SHA256.HashData(bytes)));
        description.Columns.Clear();
        description.Columns.Add(columns);
        await responseStream.WriteAsync(new ReadTableResponse { Table = description }, stop);
        await SendAsync(Wanted(table.Rows(columns, stop), request), responseStream, stop);
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

    private static async Task SendAsync(IEnumerable<TableRow> rows, IServerStreamWriter<ReadTableResponse> responseStream, CancellationToken cancellation)
    {
        var (batch, bytes) = (new TableRows(), 0);
        foreach (var row in rows)
        {
            batch.Rows.Add(row);
            bytes += row.CalculateSize();
            if (batch.Rows.Count < BatchRows && bytes < BatchBytes)
                continue;
            await responseStream.WriteAsync(new ReadTableResponse { Rows = batch }, cancellation);
            (batch, bytes) = (new TableRows(), 0);
        }
        if (batch.Rows.Count > 0)
            await responseStream.WriteAsync(new ReadTableResponse { Rows = batch }, cancellation);
    }
}
