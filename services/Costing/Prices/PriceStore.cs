using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Costings;

/// <summary>All SQL of prices.</summary>
public sealed class PriceStore(Database database)
{
    internal const string Columns =
        "p.sku, p.description, p.unit, p.currency, p.unit_price, p.category, p.valid_from, p.valid_to, p.version, p.set_at, p.set_by, p.reason, p.price_list_id, p.withdrawn";

    // Setters of a SKU wait here for each other until the transaction ends, so each counts on from the version before it; always in the same order, so
    // that of two who set many prices one waits for the other and never both. The number 1 makes a key space of its own; SKUs that share a hash merely
    // wait for each other too.
    private const string LockSkus = """
        SELECT pg_advisory_xact_lock(1, hash) IS NULL FROM (SELECT DISTINCT hashtext(sku) AS hash FROM unnest($1::text[]) AS sku ORDER BY hash) AS hashes
        """;

    private const string Insert = $"""
        INSERT INTO costing.pricing_catalog AS p (sku, version, description, unit, currency, unit_price, category, valid_from, valid_to, set_at, set_by, reason, withdrawn)
        SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7, $8::date, $9, $10, $11, $12 FROM costing.pricing_catalog WHERE sku = $1
        RETURNING {Columns}
        """;

    // Of the versions that cover a day the last one is in force, unless it withdraws the SKU. It is nearly always the first of this walk from the newest one back.
    private const string OnDay = """
        SELECT * FROM (
            SELECT * FROM costing.pricing_catalog WHERE sku = wanted.sku AND valid_from <= wanted.day AND (valid_to IS NULL OR valid_to >= wanted.day)
             ORDER BY version DESC LIMIT 1) AS last
         WHERE NOT withdrawn
        """;

    // Every SKU has a version 1, which is how the SKUs are found without walking over all their versions.
    private const string List = $"""
        SELECT {Columns} FROM (SELECT sku, $2::date AS day FROM costing.pricing_catalog WHERE version = 1 AND sku > $1) AS wanted
         CROSS JOIN LATERAL ({OnDay}) AS p
         WHERE $3 = '' OR p.category = $3
         ORDER BY p.sku
         LIMIT $4
        """;

    private const string ListVersions = $"""
        SELECT {Columns} FROM costing.pricing_catalog AS p WHERE sku = $1 AND ($2::bigint IS NULL OR version < $2) ORDER BY version DESC LIMIT $3
        """;

    private const string FindLatest = "SELECT sku, max(version) FROM costing.pricing_catalog WHERE sku = ANY ($1) GROUP BY sku";

    private const string FindOnDays = $"""
        SELECT {Columns}, number FROM unnest($1::text[], $2::date[]) WITH ORDINALITY AS wanted (sku, day, number) CROSS JOIN LATERAL ({OnDay}) AS p
        """;

    private const string FindVersions = $"""
        SELECT {Columns}, number FROM unnest($1::text[], $2::bigint[]) WITH ORDINALITY AS wanted (sku, version, number)
          JOIN costing.pricing_catalog AS p ON p.sku = wanted.sku AND p.version = wanted.version
        """;

    /// <summary>What of the prices in force goes into lines, each SKU on its day; one row, which <see cref="ReadOfLines"/> reads.</summary>
    internal const string FindOfLines = $$"""
        SELECT coalesce(array_agg(number), '{}'), coalesce(array_agg(p.description), '{}'), coalesce(array_agg(p.currency), '{}'),
               coalesce(array_agg(p.unit_price), '{}'), coalesce(array_agg(p.version), '{}')
          FROM unnest($1::text[], $2::date[]) WITH ORDINALITY AS wanted (sku, day, number) CROSS JOIN LATERAL ({{OnDay}}) AS p
        """;

    /// <summary>Adds the next version; two at once become n and n + 1.</summary>
    public async Task<PriceRecord> SetAsync(UnitOfWork work, PriceTerms terms, string reason)
    {
        await LockAsync(work, new[] { terms.Sku });
        return await AddAsync(work, terms, reason, withdrawn: false);
    }

    /// <summary>Adds a version that withdraws the price from a day on; null when none is in force on it.</summary>
    public async Task<PriceRecord?> WithdrawAsync(UnitOfWork work, string sku, DateOnly from, string reason)
    {
        await LockAsync(work, new[] { sku });
        return (await FindAsync(work, [(sku, from)])).Values.SingleOrDefault() is { } present
            ? await AddAsync(work, present.Terms with { ValidFrom = from, ValidTo = null }, reason, withdrawn: true) : null;
    }

    /// <summary>Keeps others from setting prices of these SKUs until the work ends. A statement of its own: what follows must be younger than the lock.</summary>
    public static Task LockAsync(UnitOfWork work, object skus) => work.QueryAsync(LockSkus, row => row.GetBoolean(0), skus);

    /// <summary>The price of a day.</summary>
    public Task<PriceRecord?> FindAsync(string sku, DateOnly day, ServerCallContext context) =>
        database.QuerySingleAsync(context, FindOnDays, Read, new[] { sku }, new[] { day });

    /// <summary>The prices in force on a day, by SKU.</summary>
    public Task<List<PriceRecord>> ListAsync(PageRequest page, DateOnly day, string category, ServerCallContext context) =>
        database.QueryAsync(context, List, Read, page.After ?? "", day, category, page.Fetch);

    /// <summary>What the price of a SKU ever was, newest first.</summary>
    public Task<List<PriceRecord>> ListVersionsAsync(PageRequest page, string sku, ServerCallContext context) =>
        database.QueryAsync(context, ListVersions, Read, sku, page.AfterNumber, page.Fetch);

    /// <summary>The prices in force, each SKU on its day; those that have none are missing.</summary>
    public async Task<Dictionary<(string Sku, DateOnly Day), PriceRecord>> FindAsync(UnitOfWork work, IEnumerable<(string Sku, DateOnly Day)> wanted)
    {
        var each = wanted.Distinct().ToArray();
        var found = await work.QueryAsync(FindOnDays, ReadNumbered,
            Array.ConvertAll(each, w => w.Sku), Array.ConvertAll(each, w => w.Day));
        return found.ToDictionary(f => each[f.Number - 1], f => f.Price);
    }

    /// <summary>The number of the last version of each SKU, in force or not; those that the catalogue does not have are missing.</summary>
    public static async Task<Dictionary<string, long>> FindLatestAsync(UnitOfWork work, object skus) =>
        (await work.QueryAsync(FindLatest, row => (Sku: row.GetString(0), Version: row.GetInt64(1)), skus)).ToDictionary(f => f.Sku, f => f.Version);

    /// <summary>Reads, together with other things, these versions of these SKUs, numbered from 1 on in their order.</summary>
    public static List<(long Number, PriceRecord Price)> ReadVersions(ReadBatch reads, string[] skus, long[] versions) =>
        reads.Add(FindVersions, ReadNumbered, skus, versions);

    /// <summary>Reads, together with other things, the prices in force, each SKU on its day, numbered from 1 on in their order.</summary>
    public static List<(long Number, PriceRecord Price)> ReadOnDays(ReadBatch reads, string[] skus, DateOnly[] days) =>
        reads.Add(FindOnDays, ReadNumbered, skus, days);

    private async Task<PriceRecord> AddAsync(UnitOfWork work, PriceTerms terms, string reason, bool withdrawn) =>
        (await work.QueryAsync(Insert, Read, terms.Sku, terms.Description, terms.Unit, terms.UnitPrice.Currency, terms.UnitPrice.ToDecimal(), terms.Category,
            terms.ValidFrom, terms.ValidTo, database.Now, work.Caller.Subject, reason, withdrawn)).Single();

    internal static LinePrices ReadOfLines(NpgsqlDataReader row)
    {
        var (numbers, descriptions, currencies) = (row.GetFieldValue<long[]>(0), row.GetFieldValue<string[]>(1), row.GetFieldValue<string[]>(2));
        var (unitPrices, versions) = (row.GetFieldValue<decimal[]>(3), row.GetFieldValue<long[]>(4));
        return new LinePrices(numbers.Select((number, i) => (number, i))
            .ToDictionary(n => n.number, n => new LinePrice(descriptions[n.i], Amount.Of(currencies[n.i], unitPrices[n.i]), versions[n.i])));
    }

    private static (long Number, PriceRecord Price) ReadNumbered(NpgsqlDataReader row) => (row.GetInt64(14), Read(row));

    internal static PriceRecord Read(NpgsqlDataReader row) => Read(row, 0);

    /// <summary>Reads <see cref="Columns"/> from where they begin.</summary>
    internal static PriceRecord Read(NpgsqlDataReader row, int at) => new(
        new PriceTerms(row.GetString(at), row.GetString(at + 1), row.GetString(at + 2), Amount.Of(row.GetString(at + 3), row.GetDecimal(at + 4)), row.GetString(at + 5),
            row.GetFieldValue<DateOnly>(at + 6), row.IsDBNull(at + 7) ? null : row.GetFieldValue<DateOnly>(at + 7)),
        row.GetInt64(at + 8), row.GetFieldValue<DateTimeOffset>(at + 9), row.GetString(at + 10), row.GetString(at + 11),
        row.IsDBNull(at + 12) ? null : row.GetGuid(at + 12), row.GetBoolean(at + 13));
}
