using AgentPlatform.Audit;
using Npgsql;
using NpgsqlTypes;

namespace AgentPlatform.Bench.Audit;

/// <summary>What the service is measured against: an identical table with the same indexes, written by hand over Npgsql, with no chain and no event ids.</summary>
public sealed class DirectTable : IAsyncDisposable
{
    /// <summary>How many rows a COPY brings.</summary>
    public const int CopyRows = 500;

    private const string Create = "CREATE SCHEMA bench; CREATE TABLE bench.entries (LIKE audit.audit_log INCLUDING ALL)";
    private const string Copy = $"COPY bench.entries ({EntryCopy.Columns}) FROM STDIN (FORMAT binary)";
    private const string Insert = $"""
        INSERT INTO bench.entries ({EntryCopy.Columns})
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24)
        """;

    private readonly NpgsqlDataSource _source;

    private DirectTable(NpgsqlDataSource source) => _source = source;

    public static async Task<DirectTable> CreateAsync(AuditInstance instance, int connections)
    {
        await instance.ExecuteAsync(Create);
        return new DirectTable(NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder(instance.Admin)
        {
            MaxPoolSize = connections,
            MaxAutoPrepare = 4,
            NoResetOnClose = true,
        }));
    }

    public async Task InsertAsync()
    {
        var row = SampleEntries.NextRow();
        await using var command = _source.CreateCommand(Insert);
        void Add(object value, NpgsqlDbType type) => command.Parameters.Add(new NpgsqlParameter { Value = value, NpgsqlDbType = type });
        Add(row.RecordedAt, NpgsqlDbType.TimestampTz);
        Add(row.Shard, NpgsqlDbType.Integer);
        Add(row.Position, NpgsqlDbType.Bigint);
        Add(row.EventId, NpgsqlDbType.Uuid);
        Add(row.OccurredAt, NpgsqlDbType.TimestampTz);
        Add(row.AgentId, NpgsqlDbType.Text);
        Add(row.AgentVersion, NpgsqlDbType.Text);
        Add(row.Principal, NpgsqlDbType.Text);
        Add(row.Roles.ToArray(), NpgsqlDbType.Array | NpgsqlDbType.Text);
        foreach (var text in new[] { row.Service, row.Operation, row.Resource, EnumText.Of(row.Outcome), row.ErrorMessage })
            Add(text, NpgsqlDbType.Text);
        Add(row.ExecutionTimeMs, NpgsqlDbType.Double);
        foreach (var text in new[] { row.AuthorizedBy, row.SessionId, row.CorrelationId, row.TraceId, row.SourceAddress })
            Add(text, NpgsqlDbType.Text);
        Add(row.Metadata, NpgsqlDbType.Jsonb);
        Add(row.Redactions, NpgsqlDbType.Jsonb);
        Add(row.PreviousHash, NpgsqlDbType.Bytea);
        Add(row.Hash, NpgsqlDbType.Bytea);
        await command.ExecuteNonQueryAsync();
    }

    public async Task CopyAsync()
    {
        await using var connection = await _source.OpenConnectionAsync();
        await using var copy = await connection.BeginBinaryImportAsync(Copy);
        for (var i = 0; i < CopyRows; i++)
            await EntryCopy.WriteAsync(copy, SampleEntries.NextRow(), CancellationToken.None);
        await copy.CompleteAsync();
    }

    public ValueTask DisposeAsync() => _source.DisposeAsync();
}
