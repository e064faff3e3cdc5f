using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>All SQL of what came of schedules' ticks.</summary>
public sealed class ScheduleRunStore(Database database, ScheduleSettings settings)
{
    private const string Insert = """
        INSERT INTO registry.schedule_runs (id, schedule_id, tick_at, triggered_by, outcome, skipped_until, task_ids, task_count, parent_id, reason, message, run_at)
        VALUES ($1, $2, $3, $4, $5, $6::timestamptz, $7, $8, $9::uuid, $10, $11, $12)
        """;

    private const string IsTakenSql = "SELECT true FROM registry.schedule_runs WHERE schedule_id = $1 AND tick_at = $2 AND triggered_by = '' AND outcome <> 'skipped'";

    // Of the run before, whether the clock or somebody had it made.
    private const string HasOpenSql = """
        SELECT true FROM (SELECT task_ids, parent_id FROM registry.schedule_runs WHERE schedule_id = $1 AND outcome = 'created' ORDER BY tick_at DESC, id DESC LIMIT 1) r
         WHERE EXISTS (SELECT FROM registry.tasks WHERE id = ANY (r.task_ids) AND ended_at IS NULL)
            OR EXISTS (SELECT FROM registry.tasks WHERE parent_id = r.parent_id AND ended_at IS NULL)
        """;

    // By tick, for clocks that jump do not take them in their order; a trigger may be at the time of a tick.
    private const string List = """
        SELECT id, schedule_id, tick_at, triggered_by, outcome, skipped_until, task_ids, task_count, parent_id, reason, message, run_at
          FROM registry.schedule_runs
         WHERE schedule_id = $1
           AND ($2::timestamptz IS NULL OR (tick_at, id) < ($2, $3))
           AND ($4 = '' OR outcome = $4)
         ORDER BY tick_at DESC, id DESC
         LIMIT $5
        """;

    private const string Remove = """
        DELETE FROM registry.schedule_runs WHERE id = ANY (ARRAY(
            SELECT id FROM registry.schedule_runs WHERE run_at <= $1 ORDER BY run_at LIMIT $2 FOR UPDATE SKIP LOCKED))
        RETURNING id
        """;

    public void Add(UnitOfWork work, ScheduleRunRecord run) => work.Execute(Insert, run.Id, run.ScheduleId, run.TickAt, run.TriggeredBy, EnumText.Of(run.Outcome),
        run.SkippedUntil, run.TaskIds.ToArray(), run.TaskCount, run.ParentId, run.Reason, run.Message, run.RunAt);

    /// <summary>Whether a tick was taken before; one that was left out was not.</summary>
    public async Task<bool> IsTakenAsync(UnitOfWork work, Guid scheduleId, DateTimeOffset tick) =>
        (await work.QueryAsync(IsTakenSql, row => row.GetBoolean(0), scheduleId, tick)).Count > 0;

    /// <summary>Whether a task of the schedule's last run has not ended.</summary>
    public async Task<bool> HasOpenAsync(UnitOfWork work, Guid scheduleId) => (await work.QueryAsync(HasOpenSql, row => row.GetBoolean(0), scheduleId)).Count > 0;

    public Task<List<ScheduleRunRecord>> ListAsync(PageRequest page, Guid scheduleId, ScheduleRunOutcome outcome, ServerCallContext context)
    {
        var after = RunPlace.Read(page.After);
        return database.QueryAsync(context, List, Read, scheduleId, after?.TickAt, after?.Id ?? Guid.Empty, EnumText.Of(outcome), page.Fetch);
    }

    /// <summary>Removes runs of long ago, so many at most; gives back how many.</summary>
    public async Task<int> RemoveAsync(UnitOfWork work, int limit) =>
        (await work.QueryAsync(Remove, row => row.GetGuid(0), database.Now - settings.RunRetention, limit)).Count;

    private static ScheduleRunRecord Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetGuid(1), row.GetFieldValue<DateTimeOffset>(2), row.GetString(3), EnumText.Parse<ScheduleRunOutcome>(row.GetString(4)),
        row.GetFieldValue<DateTimeOffset>(11))
    {
        SkippedUntil = row.IsDBNull(5) ? null : row.GetFieldValue<DateTimeOffset>(5),
        TaskIds = row.GetFieldValue<Guid[]>(6),
        TaskCount = row.GetInt32(7),
        ParentId = row.IsDBNull(8) ? null : row.GetGuid(8),
        Reason = row.GetString(9),
        Message = row.GetString(10),
    };
}
