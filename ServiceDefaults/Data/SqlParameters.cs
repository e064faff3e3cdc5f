using Npgsql;

namespace AgentPlatform;

/// <summary>Positional parameters, <c>$1</c> first.</summary>
internal static class SqlParameters
{
    public static NpgsqlParameter Of(object? value) => new() { Value = value ?? DBNull.Value };

    public static void Add(this NpgsqlBatch batch, string sql, params ReadOnlySpan<object?> values)
    {
        var command = batch.CreateBatchCommand();
        command.CommandText = sql;
        foreach (var value in values)
            command.Parameters.Add(Of(value));
        batch.BatchCommands.Add(command);
    }
}
