using Npgsql;

namespace AgentPlatform;

/// <summary>How statements are put into a batch, and their results read: parameters are positional, <c>$1</c> first.</summary>
internal static class SqlBatch
{
    /// <summary>Leaves the results of those statements behind that only lock rows.</summary>
    public static async Task SkipLocksAsync(this NpgsqlDataReader reader, IEnumerable<Statement> statements)
    {
        foreach (var statement in statements)
            if (statement.IsLock)
                await reader.NextResultAsync();
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
