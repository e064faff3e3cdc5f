using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Audit;

/// <summary>All SQL of the audit log: it is added to and read, and there is nothing else.</summary>
public sealed class AuditStore(Database database)
{
    private const char RoleSeparator = ',';

    // Positions are given in the order of the batch. A repeat burns one; gaps mean nothing.
    private const string Append = """
        WITH appended AS (
            INSERT INTO audit.audit_log (
                event_id, occurred_at, recorded_at, agent_id, agent_version, principal, roles, service, operation, resource,
                outcome, error_message, execution_time_ms, authorized_by, correlation_id, trace_id, metadata)
            SELECT e.event_id, e.occurred_at, e.recorded_at, e.agent_id, e.agent_version, e.principal, string_to_array(e.roles, ','),
                   e.service, e.operation, e.resource, e.outcome, e.error_message, e.execution_time_ms, e.authorized_by,
                   e.correlation_id, e.trace_id, e.metadata::jsonb
              FROM unnest($1::uuid[], $2::timestamptz[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                          $9::text[], $10::text[], $11::text[], $12::text[], $13::float8[], $14::text[], $15::text[], $16::text[], $17::text[])
                   WITH ORDINALITY AS e (
                event_id, occurred_at, recorded_at, agent_id, agent_version, principal, roles, service, operation, resource,
                outcome, error_message, execution_time_ms, authorized_by, correlation_id, trace_id, metadata, ordinal)
             ORDER BY e.ordinal
            ON CONFLICT ON CONSTRAINT audit_log_event_id_key DO NOTHING
            RETURNING 1)
        SELECT count(*)::int FROM appended
        """;

    // Keyset paging by position. Transactions may become visible out of the order of their positions, which does a reader
    // from newest to oldest no harm: whatever appears above the last position shown is newer than the page, as any entry is
    // that was added since the first page, and whatever appears below it is still to come. No entry is shown twice.
    private const string List = """
        SELECT position, event_id, occurred_at, recorded_at, agent_id, agent_version, principal, roles, service, operation,
               resource, outcome, error_message, execution_time_ms, authorized_by, correlation_id, trace_id, metadata
          FROM audit.audit_log
         WHERE ($1::bigint IS NULL OR position < $1)
           AND ($2 = '' OR agent_id = $2)
           AND ($3 = '' OR operation = $3)
           AND ($4 = '' OR operation ^@ $4)
           AND ($5 = '' OR resource ^@ $5)
           AND ($6 = '' OR correlation_id = $6)
           AND ($7 = '' OR trace_id = $7)
           AND ($8::timestamptz IS NULL OR occurred_at >= $8)
           AND ($9::timestamptz IS NULL OR occurred_at < $9)
           AND ($10 = '' OR outcome = $10)
         ORDER BY position DESC
         LIMIT $11
        """;

    /// <summary>Adds the entries whose event id is new, in their order, in one round trip; gives back how many were.</summary>
    public async Task<int> AppendAsync(UnitOfWork work, IReadOnlyList<AuditRecord> entries)
    {
        T[] Column<T>(Func<AuditRecord, T> value) => [.. entries.Select(value)];

        var counts = await work.QueryAsync(Append, row => row.GetInt32(0),
            Column(e => e.EventId), Column(e => e.OccurredAt), Column(e => e.RecordedAt), Column(e => e.AgentId), Column(e => e.AgentVersion),
            // An array of arrays must be a rectangle in Postgres. Roles are names, so a comma cannot be part of one.
            Column(e => e.Principal), Column(e => string.Join(RoleSeparator, e.Roles)), Column(e => e.Service), Column(e => e.Operation),
            Column(e => e.Resource), Column(e => EnumText.Of(e.Outcome)), Column(e => e.ErrorMessage), Column(e => e.ExecutionTimeMs),
            Column(e => e.AuthorizedBy), Column(e => e.CorrelationId), Column(e => e.TraceId), Column(e => e.Metadata));
        return counts.Single();
    }

    /// <summary>Lists entries, newest first.</summary>
    public Task<List<AuditRecord>> ListAsync(PageRequest page, AuditFilter filter, ServerCallContext context) =>
        database.QueryAsync(context, List, Read, page.AfterNumber, filter.AgentId, filter.Operation, filter.OperationPrefix,
            filter.ResourcePrefix, filter.CorrelationId, filter.TraceId, filter.StartAt, filter.EndAt, EnumText.Of(filter.Outcome), page.Fetch);

    private static AuditRecord Read(NpgsqlDataReader row) => new(
        row.GetInt64(0), row.GetGuid(1), row.GetFieldValue<DateTimeOffset>(2), row.GetFieldValue<DateTimeOffset>(3), row.GetString(4),
        row.GetString(5), row.GetString(6), row.GetFieldValue<string[]>(7), row.GetString(8), row.GetString(9), row.GetString(10),
        EnumText.Parse<Contracts.Audit.V1.Outcome>(row.GetString(11)), row.GetString(12), row.GetDouble(13), row.GetString(14),
        row.GetString(15), row.GetString(16), row.GetString(17));
}
