using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>All SQL of deployments; <see cref="InstallStore"/> has that of their agents.</summary>
public sealed class DeploymentStore(Database database)
{
    private const string Select = """
        SELECT d.id, d.package_id, p.name, p.version, p.status, d.selection, d.rings, d.ring_pause_seconds, d.max_failure_percent, d.install_timeout_seconds, d.status,
               d.current_ring, d.ring_opened_at, d.ring_done_at, d.agent_count, d.reason, d.rollback_of, d.created_by, d.created_at, d.started_at, d.ended_at, d.revision
          FROM registry.deployments AS d JOIN registry.packages AS p ON p.id = d.package_id
        """;

    private const string Insert = """
        INSERT INTO registry.deployments (id, package_id, selection, rings, ring_pause_seconds, max_failure_percent, install_timeout_seconds, status, current_ring,
               agent_count, reason, rollback_of, created_by, created_at, revision)
        VALUES ($1, $2, $3::jsonb, $4, $5, $6, $7, 'pending', 0, 0, '', $8::uuid, $9, $10, 1)
        """;

    private const string Find = $"{Select} WHERE d.id = $1";

    // Who moves it second waits here, and then sees what the first has done.
    private const string FindToChange = $"{Find} FOR UPDATE OF d";

    private const string List = $"""
        {Select}
         WHERE ($1::uuid IS NULL OR d.id < $1)
           AND ($2 = '' OR d.status = $2)
           AND ($3 = '' OR p.name = $3)
         ORDER BY d.id DESC
         LIMIT $4
        """;

    private const string ListRunning = "SELECT id FROM registry.deployments WHERE status = 'running' ORDER BY id";

    // One instance moves it on; another passes it by.
    private const string FindRunning = $"{Select} WHERE d.id = $1 AND d.status = 'running' FOR UPDATE OF d SKIP LOCKED";

    private const string FindOpenOf = $"{Select} WHERE d.package_id = $1 AND d.status IN ('pending', 'running', 'paused') ORDER BY d.id FOR UPDATE OF d";

    private const string Update = """
        UPDATE registry.deployments
           SET status = $2, current_ring = $3, ring_opened_at = $4::timestamptz, ring_done_at = $5::timestamptz, reason = $6,
               started_at = $7::timestamptz, ended_at = $8::timestamptz, revision = $9
         WHERE id = $1
        """;

    private const string UpdateAgentCount = "UPDATE registry.deployments SET agent_count = $2 WHERE id = $1";

    // Two deployments of one name are made one after the other, so that the second finds the first's agents.
    private const string LockName = "SELECT true FROM (SELECT pg_advisory_xact_lock(hashtextextended('registry/deployments/' || $1, 0))) AS locked";

    /// <summary>Adds a pending deployment, for nobody yet, of a package that may go out; others of the same name wait until the work ends.</summary>
    public async Task<DeploymentRecord> AddAsync(UnitOfWork work, NewDeployment given, PackageRecord package)
    {
        await work.QueryAsync(LockName, row => row.GetBoolean(0), package.Name);
        var now = database.Now;
        var added = new DeploymentRecord(
            Guid.CreateVersion7(now), package.Id, package.Name, package.Version, package.Status, given.Selection, given.Rings, given.RingPause, given.MaxFailurePercent,
            given.InstallTimeout, DeploymentStatus.Pending, 0, null, null, 0, "", given.RollbackOf, work.Caller.Subject, now, null, null, 1);
        work.Execute(Insert, added.Id, added.PackageId, given.Selection, given.Rings, (int)given.RingPause.TotalSeconds, given.MaxFailurePercent,
            (int)given.InstallTimeout.TotalSeconds, added.RollbackOf, added.CreatedBy, now);
        return added;
    }

    public Task<DeploymentRecord?> FindAsync(Guid id, ServerCallContext context) => database.QuerySingleAsync(context, Find, Read, id);

    /// <summary>Reads it as it was at some moment of this work.</summary>
    public Task<DeploymentRecord?> FindAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(Find, Read, id);

    /// <summary>Reads it and keeps others from changing it until the work ends.</summary>
    public Task<DeploymentRecord?> FindToChangeAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(FindToChange, Read, id);

    public Task<List<DeploymentRecord>> ListAsync(PageRequest page, DeploymentStatus status, string packageName, ServerCallContext context) =>
        database.QueryAsync(context, List, Read, page.AfterId, EnumText.Of(status), packageName, page.Fetch);

    /// <summary>The ids of all that run.</summary>
    public Task<List<Guid>> RunningAsync(UnitOfWork work) => work.QueryAsync(ListRunning, row => row.GetGuid(0));

    /// <summary>Reads one that runs to move it on; null when it does no more, or somebody else has it in hand.</summary>
    public Task<DeploymentRecord?> FindRunningAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(FindRunning, Read, id);

    /// <summary>Reads the deployments of a package that have not ended, to change them.</summary>
    public Task<List<DeploymentRecord>> FindOpenOfAsync(UnitOfWork work, Guid packageId) => work.QueryAsync(FindOpenOf, Read, packageId);

    /// <summary>Writes a deployment that was added, or read to be changed.</summary>
    public DeploymentRecord Change(UnitOfWork work, DeploymentRecord changed)
    {
        changed = changed with { Version = changed.Version + 1 };
        work.Execute(Update, changed.Id, EnumText.Of(changed.Status), changed.CurrentRing, changed.RingOpenedAt, changed.RingDoneAt, changed.Reason,
            changed.StartedAt, changed.EndedAt, changed.Version);
        work.Wake(DeploymentRules.TopicOf(changed.Id));
        return changed;
    }

    /// <summary>Says of a deployment that was just added for how many agents it is.</summary>
    public DeploymentRecord SetAgentCount(UnitOfWork work, DeploymentRecord added, int count)
    {
        work.Execute(UpdateAgentCount, added.Id, count);
        return added with { AgentCount = count };
    }

    private static DeploymentRecord Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetGuid(1), row.GetString(2), row.GetString(3), EnumText.Parse<PackageStatus>(row.GetString(4)), row.GetString(5),
        row.GetFieldValue<int[]>(6), TimeSpan.FromSeconds(row.GetInt32(7)), row.GetInt32(8), TimeSpan.FromSeconds(row.GetInt32(9)),
        EnumText.Parse<DeploymentStatus>(row.GetString(10)), row.GetInt32(11), Time(row, 12), Time(row, 13), row.GetInt32(14), row.GetString(15),
        row.IsDBNull(16) ? null : row.GetGuid(16), row.GetString(17), row.GetFieldValue<DateTimeOffset>(18), Time(row, 19), Time(row, 20), row.GetInt64(21));

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
