using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>All SQL of deployments' agents.</summary>
public sealed class InstallStore(Database database)
{
    private const string Columns = "i.deployment_id, i.agent_id, i.ring, i.status, i.progress_percent, i.message, i.updated_at";

    // Agents are put in the order of a hash, which is another for each deployment: rings are fair, and nobody is always among the first. A ring takes those
    // up to its percentage, rounded up.
    private const string AddPlaced = """
        INSERT INTO registry.installs (deployment_id, agent_id, ring, status, begun, progress_percent, message, revision, updated_at)
        SELECT $1, id, (SELECT min(r.number) FROM unnest($2::int[]) WITH ORDINALITY AS r (percent, number) WHERE place <= ceil(total * r.percent / 100.0)),
               'pending', false, 0, '', 1, $3
          FROM (SELECT id, row_number() OVER (ORDER BY sha256(convert_to($1::text || '/' || id, 'UTF8')), id) AS place, count(*) OVER () AS total FROM chosen) AS placed
        RETURNING agent_id
        """;

    private const string AddMatching = $"""
        WITH chosen AS (
            SELECT id FROM registry.agents
             WHERE status = 'active' AND ($4::text[] IS NULL OR id = ANY ($4)) AND ($5 = '' OR platform = $5) AND tags @> $6 AND capabilities @> $7 AND ($8 = '' OR $8 = ANY (roles))),
        added AS ({AddPlaced})
        SELECT count(*)::int4 FROM added
        """;

    private const string AddBegunOf = $"""
        WITH chosen AS (SELECT agent_id AS id FROM registry.installs WHERE deployment_id = $4 AND status IN ('downloading', 'installing', 'installed', 'failed') AND begun),
        added AS ({AddPlaced})
        SELECT count(*)::int4 FROM added
        """;

    private const string FindOverlap = """
        SELECT d.id FROM registry.installs AS mine
          JOIN registry.installs AS theirs ON theirs.agent_id = mine.agent_id AND theirs.deployment_id <> mine.deployment_id
          JOIN registry.deployments AS d ON d.id = theirs.deployment_id AND d.status IN ('pending', 'running', 'paused')
          JOIN registry.packages AS p ON p.id = d.package_id AND p.name = $2
         WHERE mine.deployment_id = $1
         LIMIT 1
        """;

    // Of the reports of an agent, the second waits here.
    private const string FindToChange = $"SELECT {Columns} FROM registry.installs AS i WHERE i.deployment_id = $1 AND i.agent_id = $2 FOR UPDATE";

    private const string Update = """
        UPDATE registry.installs
           SET status = $3, progress_percent = $4, message = $5, updated_at = $6, begun = true, revision = revision + 1
         WHERE deployment_id = $1 AND agent_id = $2
        """;

    private const string RollBack = """
        UPDATE registry.installs SET status = 'rolled_back', updated_at = $3, revision = revision + 1
         WHERE deployment_id = $1 AND agent_id = $2 AND status <> 'pending'
        """;

    private const string TimeOut = """
        UPDATE registry.installs SET status = 'failed', message = 'Not done in time.', updated_at = $3, revision = revision + 1
         WHERE deployment_id = $1 AND ring = $2 AND status IN ('pending', 'downloading', 'installing')
        RETURNING agent_id
        """;

    private const string CountRing = """
        SELECT count(*)::int4, count(*) FILTER (WHERE status IN ('installed', 'failed', 'rolled_back'))::int4, count(*) FILTER (WHERE status IN ('failed', 'rolled_back'))::int4
          FROM registry.installs WHERE deployment_id = $1 AND ring = $2
        """;

    private const string Count = "SELECT status, count(*)::int4, sum(revision)::int8 FROM registry.installs WHERE deployment_id = $1 GROUP BY status";

    private const string List = $"""
        SELECT {Columns} FROM registry.installs AS i
         WHERE i.deployment_id = $1 AND ($2::text IS NULL OR i.agent_id > $2) AND ($3 = '' OR i.status = $3) AND ($4 = 0 OR i.ring = $4)
         ORDER BY i.agent_id LIMIT $5
        """;

    private const string ListOffered = $"""
        SELECT {Columns}, d.package_id FROM registry.installs AS i
          JOIN registry.deployments AS d ON d.id = i.deployment_id JOIN registry.packages AS p ON p.id = d.package_id
         WHERE i.agent_id = $1 AND ($2::uuid IS NULL OR i.deployment_id > $2)
           AND (i.status IN ('downloading', 'installing') OR i.status = 'pending' AND d.status = 'running' AND i.ring <= d.current_ring AND p.status = 'released')
         ORDER BY i.deployment_id LIMIT $3
        """;

    /// <summary>Takes all active agents that match into a deployment; gives back how many.</summary>
    public async Task<int> AddMatchingAsync(UnitOfWork work, Guid deploymentId, int[] rings, DeploymentSelection selection) => (await work.QueryAsync(
        AddMatching, row => row.GetInt32(0), deploymentId, rings, database.Now, selection.AgentIds.Count == 0 ? null : selection.AgentIds.ToArray(),
        EnumText.Of(selection.Platform), selection.Tags.ToArray(), selection.Capabilities.ToArray(), selection.Role)).Single();

    /// <summary>Takes all agents that have begun with one deployment, and are not back already, into another; gives back how many.</summary>
    public async Task<int> AddBegunOfAsync(UnitOfWork work, Guid deploymentId, int[] rings, Guid begunOf) =>
        (await work.QueryAsync(AddBegunOf, row => row.GetInt32(0), deploymentId, rings, database.Now, begunOf)).Single();

    /// <summary>Another deployment of a package of this name that is open for one of the agents of this one; null when there is none.</summary>
    public async Task<Guid?> FindOverlapAsync(UnitOfWork work, Guid deploymentId, string packageName) =>
        await work.QueryAsync(FindOverlap, row => row.GetGuid(0), deploymentId, packageName) is [var other] ? other : null;

    /// <summary>Reads an agent's install and keeps others from changing it until the work ends.</summary>
    public Task<InstallRecord?> FindToChangeAsync(UnitOfWork work, Guid deploymentId, string agentId) => work.QuerySingleAsync(FindToChange, Read, deploymentId, agentId);

    /// <summary>Writes an install that was read with <see cref="FindToChangeAsync"/>, as the agent has moved it.</summary>
    public InstallRecord Change(UnitOfWork work, InstallRecord install)
    {
        var changed = install with { UpdatedAt = database.Now };
        work.Execute(Update, changed.DeploymentId, changed.AgentId, EnumText.Of(changed.Status), changed.ProgressPercent, changed.Message, changed.UpdatedAt);
        work.Wake(DeploymentRules.TopicOf(changed.DeploymentId));
        return changed;
    }

    /// <summary>The agent has what it had before the deployment.</summary>
    public void SetRolledBack(UnitOfWork work, Guid deploymentId, string agentId)
    {
        work.Execute(RollBack, deploymentId, agentId, database.Now);
        work.Wake(DeploymentRules.TopicOf(deploymentId));
    }

    /// <summary>Gives up on the agents of a ring that are not done; gives back who they are.</summary>
    public Task<List<string>> TimeOutAsync(UnitOfWork work, Guid deploymentId, int ring) =>
        work.QueryAsync(TimeOut, row => row.GetString(0), deploymentId, ring, database.Now);

    public async Task<RingCounts> CountRingAsync(UnitOfWork work, Guid deploymentId, int ring) =>
        (await work.QueryAsync(CountRing, row => new RingCounts(row.GetInt32(0), row.GetInt32(1), row.GetInt32(2)), deploymentId, ring)).Single();

    public async Task<DeploymentCounts> CountAsync(Guid deploymentId, ServerCallContext context) =>
        Sum(await database.QueryAsync(context, Count, ReadCount, deploymentId));

    public async Task<DeploymentCounts> CountAsync(UnitOfWork work, Guid deploymentId) => Sum(await work.QueryAsync(Count, ReadCount, deploymentId));

    public Task<List<InstallRecord>> ListAsync(PageRequest page, Guid deploymentId, InstallStatus status, int ring, ServerCallContext context) =>
        database.QueryAsync(context, List, Read, deploymentId, page.After, EnumText.Of(status), ring, page.Fetch);

    /// <summary>What an agent shall install, or has begun to, with the id of its package.</summary>
    public Task<List<(InstallRecord Install, Guid PackageId)>> ListOfferedAsync(PageRequest page, string agentId, ServerCallContext context) =>
        database.QueryAsync(context, ListOffered, row => (Read(row), row.GetGuid(7)), agentId, page.AfterId, page.Fetch);

    private static DeploymentCounts Sum(List<(InstallStatus Status, int Count, long Reports)> rows)
    {
        int Of(InstallStatus status) => rows.Where(r => r.Status == status).Sum(r => r.Count);
        return new DeploymentCounts(new InstallCounts
        {
            Pending = Of(InstallStatus.Pending),
            Downloading = Of(InstallStatus.Downloading),
            Installing = Of(InstallStatus.Installing),
            Installed = Of(InstallStatus.Installed),
            Failed = Of(InstallStatus.Failed),
            RolledBack = Of(InstallStatus.RolledBack),
        }, rows.Sum(r => r.Reports));
    }

    private static (InstallStatus Status, int Count, long Reports) ReadCount(NpgsqlDataReader row) =>
        (EnumText.Parse<InstallStatus>(row.GetString(0)), row.GetInt32(1), row.GetInt64(2));

    private static InstallRecord Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), row.GetInt32(2), EnumText.Parse<InstallStatus>(row.GetString(3)), row.GetInt32(4), row.GetString(5),
        row.GetFieldValue<DateTimeOffset>(6));
}
