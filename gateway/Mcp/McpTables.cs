using AgentPlatform.Contracts.Vault.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using ModelContextProtocol.Protocol;

namespace AgentPlatform.Gateway;

/// <summary>Reads tables of the vault for a model: a stream of pieces becomes one answer, of as much as a model can take in.</summary>
/// <param name="calls">The way of all calls.</param>
/// <param name="method">The method that reads tables.</param>
internal sealed class McpTables(GatewayCalls calls, MethodDescriptor method)
{
    private const int RowsDefault = 100;
    private const int RowsMaximum = 500;

    // Rows can have hundreds of thousands of characters each.
    private const int AnswerMaximumBytes = 1024 * 1024;

    /// <summary>The table's description, and its rows.</summary>
    public async Task<CallToolResult> ReadAsync(ReadTableRequest request, CancellationToken cancellation)
    {
        if (request.RowCount > RowsMaximum)
            throw Errors.InvalidArgument([new FieldViolation("row_count", $"must be at most {RowsMaximum}")]);
        if (request.RowCount == 0)
            request.RowCount = RowsDefault;
        var table = new Table();
        var rows = new TableRows();
        var answer = await calls.CallAsync(method, request, null, (message, _) =>
        {
            var part = (ReadTableResponse)message;
            table = part.Table ?? table;
            if (part.Rows is not null)
                rows.MergeFrom(part.Rows);
            return rows.CalculateSize() <= AnswerMaximumBytes ? Task.CompletedTask
                : throw new PlatformException(Grpc.Core.StatusCode.ResourceExhausted, "ANSWER_TOO_LARGE", $"These rows are more than {AnswerMaximumBytes:N0} bytes; ask for fewer rows or columns.");
        }, cancellation);
        return answer.Problem is { } problem ? McpCalls.Refused(problem)
            : McpCalls.Done($"{{\"table\": {JsonFormatter.Default.Format(table)}, \"rows\": {JsonFormatter.Default.Format(rows)}}}");
    }
}
