using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>All SQL of schedules; <see cref="ScheduleRunStore"/> has that of their runs.</summary>
public sealed class ScheduleStore(Database database)
{
    private const string Select = """
        SELECT id, name, cron, time_zone, missed_runs, start_at, end_at, description, template, enabled, pause_reason, next_at, last_at, created_by, created_at,
               updated_at, version, overlap
          FROM registry.schedules
        """;

    private const string Insert = """
        INSERT INTO registry.schedules (id, name, cron, time_zone, missed_runs, start_at, end_at, description, template, enabled, pause_reason, next_at, created_by,
               created_at, updated_at, version, overlap)
        VALUES ($1, $2, $3, $4, $5, $6::timestamptz, $7::timestamptz, $8, $9::jsonb, $10, '', $11::timestamptz, $12, $13, $13, 1, $14)
        """;

    private const string Find = $"{Select} WHERE id = $1";

    // Who changes it second waits here, and then sees what the first has done; a tick that is being taken is the first, too.
    private const string FindToChange = $"{Find} FOR UPDATE";

    private const string List = $"""
        {Select}
         WHERE ($1::uuid IS NULL OR id < $1)
           AND ($2 = '' OR name = $2)
           AND ($3::boolean IS NULL OR enabled = $3)
         ORDER BY id DESC
         LIMIT $4
        """;

    private const string ListDue = "SELECT id FROM registry.schedules WHERE next_at <= $1 AND id > $2 ORDER BY id LIMIT $3";

    // One instance takes a tick; another passes the schedule by.
    private const string FindDue = $"{Select} WHERE id = $1 AND next_at <= $2 FOR UPDATE SKIP LOCKED";

    private const string Update = """
        UPDATE registry.schedules
           SET cron = $2, time_zone = $3, missed_runs = $4, start_at = $5::timestamptz, end_at = $6::timestamptz, description = $7, template = $8::jsonb, enabled = $9,
               pause_reason = $10, next_at = $11::timestamptz, updated_at = $12, version = $13, overlap = $14
         WHERE id = $1
        """;

    private const string MoveOn = "UPDATE registry.schedules SET last_at = greatest(last_at, $2::timestamptz), next_at = $3::timestamptz WHERE id = $1";

    private const string Remove = "DELETE FROM registry.schedules WHERE id = $1 RETURNING name";

    /// <summary>Adds a schedule. A name that another one has violates schedules_name.</summary>
    public ScheduleRecord Add(UnitOfWork work, string name, ScheduleContent content, DateTimeOffset? nextAt)
    {
        var now = database.Now;
        var added = new ScheduleRecord(Guid.CreateVersion7(now), name, content, nextAt is not null, "", nextAt, null, work.Caller.Subject, now, now, 1);
        work.Execute(Insert, added.Id, name, content.Cron, content.TimeZone, EnumText.Of(content.MissedRuns), content.StartAt, content.EndAt, content.Description,
            content.Template, added.Enabled, nextAt, added.CreatedBy, now, EnumText.Of(content.Overlap));
        return added;
    }

    public Task<ScheduleRecord?> FindAsync(Guid id, ServerCallContext context) => database.QuerySingleAsync(context, Find, Read, id);

    /// <summary>Reads it and keeps others from changing it, and its ticks from being taken, until the work ends.</summary>
    public Task<ScheduleRecord?> FindToChangeAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(FindToChange, Read, id);

    public Task<(IReadOnlyList<ScheduleRecord> Rows, string NextToken)> ListAsync(PageRequest page, string name, bool? enabled, ServerCallContext context) =>
        database.QueryPageAsync(context, page, s => s.Id.ToString(), s => s.Content.Template.Length, List, Read, page.AfterId, name, enabled, page.Fetch);

    /// <summary>The ids of those whose next tick has come, in their order after this one, so many at most.</summary>
    public Task<List<Guid>> ListDueAsync(UnitOfWork work, Guid after, int limit) => work.QueryAsync(ListDue, row => row.GetGuid(0), database.Now, after, limit);

    /// <summary>Reads one to take its tick; null when none is due any more, or somebody else has it in hand.</summary>
    public Task<ScheduleRecord?> FindDueAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(FindDue, Read, id, database.Now);

    /// <summary>Writes a schedule that was read to be changed.</summary>
    public void Change(UnitOfWork work, ScheduleRecord changed)
    {
        var content = changed.Content;
        work.Execute(Update, changed.Id, content.Cron, content.TimeZone, EnumText.Of(content.MissedRuns), content.StartAt, content.EndAt, content.Description,
            content.Template, changed.Enabled, changed.PauseReason, changed.NextAt, changed.UpdatedAt, changed.Version, EnumText.Of(content.Overlap));
    }

    /// <summary>Notes the tick that was taken, if one was, and the next one.</summary>
    public void MoveOnTo(UnitOfWork work, Guid id, DateTimeOffset? taken, DateTimeOffset? next) => work.Execute(MoveOn, id, taken, next);

    /// <summary>Removes a schedule with its runs; gives back its name, or null when there is none.</summary>
    public Task<string?> RemoveAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(Remove, row => row.GetString(0), id);

    private static ScheduleRecord Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1),
        new ScheduleContent(row.GetString(2), row.GetString(3), EnumText.Parse<MissedRunPolicy>(row.GetString(4)), Time(row, 5), Time(row, 6), row.GetString(7), row.GetString(8),
            EnumText.Parse<OverlapPolicy>(row.GetString(17))),
        row.GetBoolean(9), row.GetString(10), Time(row, 11), Time(row, 12), row.GetString(13), row.GetFieldValue<DateTimeOffset>(14),
        row.GetFieldValue<DateTimeOffset>(15), row.GetInt64(16));

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
