using Npgsql;

namespace AgentPlatform.Tests;

/// <summary>Runs SQL as whoever a connection string names.</summary>
public static class Sql
{
    /// <summary>Reads the first column of all rows. The connection is not kept, so that a database can be dropped after it.</summary>
    public static async Task<List<T>> ReadAsync<T>(string connectionString, string sql, params object[] values)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var value in values)
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        await using var reader = await command.ExecuteReaderAsync();
        var rows = new List<T>();
        while (await reader.ReadAsync())
            rows.Add(reader.GetFieldValue<T>(0));
        return rows;
    }
}
