using System.Security.Cryptography;
using System.Text;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Registry;

/// <summary>All SQL of packages and their scans.</summary>
public sealed class PackageStore(Database database)
{
    /// <summary>A package with its last scan, which is the last that was recorded: a scanner's own clock decides nothing.</summary>
    private const string Select = """
        SELECT p.id, p.name, p.version, p.sha256, p.size_bytes, p.url, p.sbom_sha256, p.component_count, p.status, p.created_by, p.created_at, p.released_by,
               p.released_at, p.withdrawn_by, p.withdrawn_at, p.withdraw_reason, s.number, s.id, s.scanner, s.result, s.findings_count, s.scanned_at,
               s.recorded_by
          FROM registry.packages AS p
          LEFT JOIN LATERAL (SELECT * FROM registry.package_scans WHERE package_id = p.id ORDER BY number DESC LIMIT 1) AS s ON true
        """;

    private const string Insert = """
        INSERT INTO registry.packages (id, name, version, sha256, size_bytes, url, sbom, sbom_sha256, component_count, status, created_by, created_at, released_by,
               withdrawn_by, withdraw_reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '', '', '')
        """;

    private const string Find = $"{Select} WHERE p.id = $1";

    private const string FindAll = $"{Select} WHERE p.id = ANY ($1)";

    // Who releases, who scans and who withdraws wait for each other here: each sees what the one before has done.
    private const string Lock = "SELECT 1 FROM registry.packages WHERE id = $1 FOR UPDATE";

    private const string FindSbom = "SELECT sbom FROM registry.packages WHERE id = $1";

    private const string List = $"""
        {Select}
         WHERE ($1::uuid IS NULL OR p.id < $1)
           AND ($2 = '' OR p.name = $2)
           AND ($3 = '' OR p.status = $3)
         ORDER BY p.id DESC
         LIMIT $4
        """;

    private const string ListReleasedOf = $"{Select} WHERE p.name = $1 AND p.status = 'released' ORDER BY p.id DESC LIMIT $2";

    private const string Update = """
        UPDATE registry.packages
           SET status = $2, released_by = $3, released_at = $4::timestamptz, withdrawn_by = $5, withdrawn_at = $6::timestamptz, withdraw_reason = $7
         WHERE id = $1
        """;

    private const string InsertScan = """
        INSERT INTO registry.package_scans (package_id, number, id, scanner, result, findings_count, scanned_at, recorded_by)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
        """;

    private const string ListScans = """
        SELECT number, id, scanner, result, findings_count, scanned_at, recorded_by FROM registry.package_scans
         WHERE package_id = $1 AND ($2::int4 IS NULL OR number < $2) ORDER BY number DESC LIMIT $3
        """;

    /// <summary>Adds a draft; every column's value is known here, so nothing is read back.</summary>
    public PackageRecord Add(UnitOfWork work, CreatePackageRequest request, int componentCount)
    {
        var now = database.Now;
        var package = new PackageRecord(
            Guid.CreateVersion7(now), request.Name, request.Version, request.Sha256, request.SizeBytes, request.Url,
            Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(request.Sbom))), componentCount, PackageStatus.Draft, work.Caller.Subject, now,
            "", null, "", null, "", null);
        work.Execute(Insert, package.Id, package.Name, package.Version, package.Sha256, package.SizeBytes, package.Url, request.Sbom, package.SbomSha256, componentCount,
            EnumText.Of(package.Status), package.CreatedBy, now);
        return package;
    }

    public Task<PackageRecord?> FindAsync(Guid id, ServerCallContext context) => database.QuerySingleAsync(context, Find, Read, id);

    /// <summary>Reads several, in no order.</summary>
    public Task<List<PackageRecord>> FindAllAsync(Guid[] ids, ServerCallContext context) => database.QueryAsync(context, FindAll, Read, ids);

    /// <summary>Reads it and keeps others from changing or scanning it until the work ends.</summary>
    public async Task<PackageRecord?> FindToChangeAsync(UnitOfWork work, Guid id)
    {
        // In two statements: the second one sees what the first has waited for.
        await work.QueryAsync(Lock, row => row.GetInt32(0), id);
        return await work.QuerySingleAsync(Find, Read, id);
    }

    public async Task<string?> FindSbomAsync(Guid id, ServerCallContext context) =>
        await database.QuerySingleAsync(context, FindSbom, row => row.GetString(0), id);

    public Task<List<PackageRecord>> ListAsync(PageRequest page, string name, PackageStatus status, ServerCallContext context) =>
        database.QueryAsync(context, List, Read, page.AfterId, name, EnumText.Of(status), page.Fetch);

    /// <summary>The released packages of a name, the newest first, so many at most.</summary>
    public Task<List<PackageRecord>> ReleasedOfAsync(UnitOfWork work, string name, int limit) => work.QueryAsync(ListReleasedOf, Read, name, limit);

    /// <summary>Writes a package that was read with <see cref="FindToChangeAsync"/>, as changed.</summary>
    public PackageRecord Change(UnitOfWork work, PackageRecord changed)
    {
        work.Execute(Update, changed.Id, EnumText.Of(changed.Status), changed.ReleasedBy, changed.ReleasedAt, changed.WithdrawnBy, changed.WithdrawnAt, changed.WithdrawReason);
        return changed;
    }

    /// <summary>Adds a scan of a package that was read with <see cref="FindToChangeAsync"/>; gives back the package with it.</summary>
    public PackageRecord AddScan(UnitOfWork work, PackageRecord package, RecordScanRequest request, DateTimeOffset scannedAt)
    {
        var scan = new ScanRecord(
            (package.LastScan?.Number ?? 0) + 1, Guid.CreateVersion7(database.Now), request.Scanner, request.Verdict, request.FindingsCount, scannedAt, work.Caller.Subject);
        work.Execute(InsertScan, package.Id, scan.Number, scan.Id, scan.Scanner, EnumText.Of(scan.Verdict), scan.FindingsCount, scan.ScannedAt, scan.RecordedBy);
        return package with { LastScan = scan };
    }

    public Task<List<ScanRecord>> ListScansAsync(PageRequest page, Guid packageId, ServerCallContext context) =>
        database.QueryAsync(context, ListScans, row => ReadScan(row, 0), packageId, (int?)page.AfterNumber, page.Fetch);

    private static PackageRecord Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetInt64(4), row.GetString(5), row.GetString(6), row.GetInt32(7),
        EnumText.Parse<PackageStatus>(row.GetString(8)), row.GetString(9), row.GetFieldValue<DateTimeOffset>(10), row.GetString(11), Time(row, 12), row.GetString(13),
        Time(row, 14), row.GetString(15), row.IsDBNull(16) ? null : ReadScan(row, 16));

    private static ScanRecord ReadScan(NpgsqlDataReader row, int from) => new(
        row.GetInt32(from), row.GetGuid(from + 1), row.GetString(from + 2), EnumText.Parse<ScanResult>(row.GetString(from + 3)), row.GetInt32(from + 4),
        row.GetFieldValue<DateTimeOffset>(from + 5), row.GetString(from + 6));

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);
}
