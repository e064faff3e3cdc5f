using System.Globalization;
using System.Text;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Audit;

/// <summary>What is asked of the audit log by filters. <see cref="ChainReader"/> reads along the chains.</summary>
public sealed class AuditStore(Database database)
{
    /// <summary>What <see cref="Read"/> reads, in its order.</summary>
    public const string Columns = EntryCopy.Columns;

    private const string SelectEntries = $"SELECT {Columns} FROM audit.audit_log WHERE ";

    // The time finds the partition and the row in it: a unique index over all partitions is not to be had.
    private const string Get = $"""
        SELECT {Columns} FROM audit.audit_log
         WHERE (recorded_at, shard) = (SELECT recorded_at, shard FROM audit.event_ids WHERE event_id = $1) AND ($2 = '' OR agent_id = $2)
        """;

    // What such filters find is sorted afterwards. Otherwise the planner, which knows little of what metadata contain, walks all entries in
    // the order asked for in the hope of meeting enough soon.
    private const string FindFirst = $"WITH found AS MATERIALIZED (SELECT {Columns} FROM audit.audit_log WHERE ";
    private const string ThenSort = ") SELECT * FROM found";
    private const string NewestFirst = " ORDER BY recorded_at DESC, shard DESC LIMIT ";
    private const string OldestFirst = " ORDER BY recorded_at, shard LIMIT ";

    private const string Heads = "SELECT shard, head_position FROM audit.shards WHERE head_position > 0";

    private const string Metrics = """
        SELECT agent_id, operation, date_bin(make_interval(secs => $1), occurred_at, $2) AS window_start, count(*),
               count(*) FILTER (WHERE outcome <> 'ok')::float8 / count(*), avg(execution_time_ms),
               percentile_cont(ARRAY[0.5, 0.95, 0.99]) WITHIN GROUP (ORDER BY execution_time_ms)
          FROM audit.audit_log
         WHERE occurred_at >= $2 AND occurred_at < $3 AND ($4 = '' OR agent_id = $4) AND ($5 = '' OR operation = $5) AND ($6 = '' OR operation ^@ $6)
         GROUP BY 1, 2, 3
         ORDER BY 1, 2, 3
         LIMIT $7
        """;

    /// <summary>Where each shard ends.</summary>
    public async Task<ShardPositions> HeadsAsync(ServerCallContext context)
    {
        var heads = new ShardPositions();
        foreach (var (shard, position) in await database.QueryAsync(context, Heads, row => (row.GetInt32(0), row.GetInt64(1))))
            heads[shard] = position;
        return heads;
    }

    /// <summary>An entry by its event id, of this agent if one is given.</summary>
    public Task<AuditRecord?> GetAsync(Guid eventId, string agentId, ServerCallContext context) =>
        database.QuerySingleAsync(context, Get, Read, eventId, agentId);

    /// <summary>
    /// One page of a list. It is of the log as it was when its first page was asked for: of each shard, what was committed then. A shard's entries
    /// become visible in the order of their positions and never change, so paging by (recorded_at, shard), which is unique, shows each once.
    /// </summary>
    public Task<List<AuditRecord>> ListAsync(AuditFilter filter, ListKey key, int limit, ServerCallContext context)
    {
        var values = new List<object?>();
        string Value(object value)
        {
            values.Add(value);
            return string.Create(CultureInfo.InvariantCulture, $"${values.Count}");
        }

        // Only what is asked for stands in the statement: with a condition for every filter the planner would choose one plan for all of them.
        var sql = new StringBuilder();
        sql.Append(CultureInfo.InvariantCulture, $"position <= ({Value(key.Heads.ToArray())}::bigint[])[shard + 1]");
        if (key.RecordedAt is { } time)
        {
            var (after, comparison) = (Value(time), filter.OldestFirst ? '>' : '<');
            // The time alone once more: from a comparison of pairs the planner does not see which partitions it can leave out.
            sql.Append(CultureInfo.InvariantCulture, $" AND recorded_at {comparison}= {after} AND (recorded_at, shard) {comparison} ({after}, {Value(key.Shard)})");
        }
        void Where(bool asked, string column, string comparison, object? value)
        {
            if (asked)
                sql.Append(CultureInfo.InvariantCulture, $" AND {column} {comparison} {Value(value!)}");
        }
        Where(filter.AgentId.Length > 0, "agent_id <> '' AND agent_id", "=", filter.AgentId);
        Where(filter.Operation.Length > 0, "operation", "=", filter.Operation);
        Where(filter.OperationPrefix.Length > 0, "operation", "^@", filter.OperationPrefix);
        Where(filter.ResourcePrefix.Length > 0, "resource", "^@", filter.ResourcePrefix);
        Where(filter.AuthorizedBy.Length > 0, "authorized_by <> '' AND authorized_by", "=", filter.AuthorizedBy);
        Where(filter.SessionId.Length > 0, "session_id <> '' AND session_id", "=", filter.SessionId);
        Where(filter.CorrelationId.Length > 0, "correlation_id <> '' AND correlation_id", "=", filter.CorrelationId);
        Where(filter.TraceId.Length > 0, "trace_id <> '' AND trace_id", "=", filter.TraceId);
        Where(filter.StartAt is not null, "occurred_at", ">=", filter.StartAt);
        Where(filter.EndAt is not null, "occurred_at", "<", filter.EndAt);
        Where(filter.Outcome != 0, filter.Outcome == Contracts.Audit.V1.Outcome.Ok ? "outcome" : "outcome <> 'ok' AND outcome", "=", EnumText.Of(filter.Outcome));
        if (filter.MetadataContains.Length > 0)
            sql.Append(CultureInfo.InvariantCulture, $" AND metadata <> '{{}}' AND metadata @> {Value(filter.MetadataContains)}::jsonb");

        var findsFew = filter.MetadataContains.Length + filter.SessionId.Length + filter.CorrelationId.Length + filter.TraceId.Length > 0;
        sql.Insert(0, findsFew ? FindFirst : SelectEntries);
        sql.Append(findsFew ? ThenSort : "").Append(filter.OldestFirst ? OldestFirst : NewestFirst).Append(Value(limit));
        return database.QueryAsync(context, sql.ToString(), Read, [.. values]);
    }

    /// <summary>Calls, errors and times by agent, operation and window; one row more than allowed tells that there are too many.</summary>
    public Task<List<Contracts.Audit.V1.PerformanceMetric>> MetricsAsync(AuditFilter filter, TimeSpan window, ServerCallContext context) =>
        database.QueryAsync(context, Metrics, ReadMetric, window.TotalSeconds, filter.StartAt, filter.EndAt, filter.AgentId, filter.Operation,
            filter.OperationPrefix, FilterRules.MetricsMaximumRows + 1);

    /// <summary>Reads a row of <see cref="Columns"/>.</summary>
    public static AuditRecord Read(NpgsqlDataReader row) => new()
    {
        RecordedAt = row.GetFieldValue<DateTimeOffset>(0),
        Shard = row.GetInt32(1),
        Position = row.GetInt64(2),
        EventId = row.GetGuid(3),
        OccurredAt = row.GetFieldValue<DateTimeOffset>(4),
        AgentId = row.GetString(5),
        AgentVersion = row.GetString(6),
        Principal = row.GetString(7),
        Roles = row.GetFieldValue<string[]>(8),
        Service = row.GetString(9),
        Operation = row.GetString(10),
        Resource = row.GetString(11),
        Outcome = EnumText.Parse<Contracts.Audit.V1.Outcome>(row.GetString(12)),
        ErrorMessage = row.GetString(13),
        ExecutionTimeMs = row.GetDouble(14),
        AuthorizedBy = row.GetString(15),
        SessionId = row.GetString(16),
        CorrelationId = row.GetString(17),
        TraceId = row.GetString(18),
        SourceAddress = row.GetString(19),
        Metadata = row.GetString(20),
        Redactions = row.GetString(21),
        PreviousHash = row.GetFieldValue<byte[]>(22),
        Hash = row.GetFieldValue<byte[]>(23),
    };

    private static Contracts.Audit.V1.PerformanceMetric ReadMetric(NpgsqlDataReader row)
    {
        var percentiles = row.GetFieldValue<double[]>(6);
        return new Contracts.Audit.V1.PerformanceMetric
        {
            AgentId = row.GetString(0),
            Operation = row.GetString(1),
            WindowStart = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTimeOffset(row.GetFieldValue<DateTimeOffset>(2)),
            CallCount = row.GetInt64(3),
            ErrorRate = row.GetDouble(4),
            MeanMs = row.GetDouble(5),
            P50Ms = percentiles[0],
            P95Ms = percentiles[1],
            P99Ms = percentiles[2],
        };
    }
}
