using Npgsql;

namespace AgentPlatform;

/// <summary>How statements are put into a batch, and their results read: parameters are positional, <c>$1</c> first.</summary>
internal static class SqlBatch
{
    /// <summary>Reads what those statements return that return something, and leaves behind the results of those that only lock rows.</summary>
    public static async Task PassAsync(this NpgsqlDataReader reader, IEnumerable<Statement> statements)
    {
        foreach (var statement in statements)
        {
            while (statement.Returned is { } returned && await reader.ReadAsync())
                returned(reader);
            if (statement.IsLock || statement.Returned is not null)
                await reader.NextResultAsync();
        }
    }

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
