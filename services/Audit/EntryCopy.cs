using Npgsql;
using NpgsqlTypes;

namespace AgentPlatform.Audit;

/// <summary>An entry as a row of binary COPY.</summary>
public static class EntryCopy
{
    /// <summary>What <see cref="WriteAsync"/> writes, in its order.</summary>
    public const string Columns = """
        recorded_at, shard, position, event_id, occurred_at, agent_id, agent_version, principal, roles, service, operation, resource, outcome,
        error_message, execution_time_ms, authorized_by, session_id, correlation_id, trace_id, source_address, metadata, redactions, previous_hash, hash
        """;

    public static async Task WriteAsync(NpgsqlBinaryImporter copy, AuditRecord entry, CancellationToken cancellation)
    {
        await copy.StartRowAsync(cancellation);
        await copy.WriteAsync(entry.RecordedAt, NpgsqlDbType.TimestampTz, cancellation);
        await copy.WriteAsync(entry.Shard, NpgsqlDbType.Integer, cancellation);
        await copy.WriteAsync(entry.Position, NpgsqlDbType.Bigint, cancellation);
        await copy.WriteAsync(entry.EventId, NpgsqlDbType.Uuid, cancellation);
        await copy.WriteAsync(entry.OccurredAt, NpgsqlDbType.TimestampTz, cancellation);
        await copy.WriteAsync(entry.AgentId, NpgsqlDbType.Text, cancellation);
        await copy.WriteAsync(entry.AgentVersion, NpgsqlDbType.Text, cancellation);
        await copy.WriteAsync(entry.Principal, NpgsqlDbType.Text, cancellation);
        await copy.WriteAsync((string[])[.. entry.Roles], NpgsqlDbType.Array | NpgsqlDbType.Text, cancellation);
        await copy.WriteAsync(entry.Service, NpgsqlDbType.Text, cancellation);
        await copy.WriteAsync(entry.Operation, NpgsqlDbType.Text, cancellation);
        await copy.WriteAsync(entry.Resource, NpgsqlDbType.Text, cancellation);
        await copy.WriteAsync(EnumText.Of(entry.Outcome), NpgsqlDbType.Text, cancellation);
        await copy.WriteAsync(entry.ErrorMessage, NpgsqlDbType.Text, cancellation);
        await copy.WriteAsync(entry.ExecutionTimeMs, NpgsqlDbType.Double, cancellation);
        await copy.WriteAsync(entry.AuthorizedBy, NpgsqlDbType.Text, cancellation);
        await copy.WriteAsync(entry.SessionId, NpgsqlDbType.Text, cancellation);
        await copy.WriteAsync(entry.CorrelationId, NpgsqlDbType.Text, cancellation);
        await copy.WriteAsync(entry.TraceId, NpgsqlDbType.Text, cancellation);
        await copy.WriteAsync(entry.SourceAddress, NpgsqlDbType.Text, cancellation);
        await copy.WriteAsync(entry.Metadata, NpgsqlDbType.Jsonb, cancellation);
        await copy.WriteAsync(entry.Redactions, NpgsqlDbType.Jsonb, cancellation);
        await copy.WriteAsync(entry.PreviousHash, NpgsqlDbType.Bytea, cancellation);
        await copy.WriteAsync(entry.Hash, NpgsqlDbType.Bytea, cancellation);
    }
}
