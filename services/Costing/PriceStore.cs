using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Costings;

/// <summary>All SQL of prices.</summary>
public sealed class PriceStore(Database database)
{
    private const string Columns = "p.sku, p.version, p.description, p.unit, p.currency, p.unit_price, p.effective_at, p.set_by";

    // Setters of one SKU wait here for each other until the transaction ends, so each counts on from the version before it.
    // The number 1 makes a key space of its own; SKUs that share a hash merely wait for each other too.
    private const string LockSku = "SELECT pg_advisory_xact_lock(1, hashtext($1)) IS NULL";

    private const string Insert = $"""
        INSERT INTO costing.pricing_catalog AS p (sku, version, description, unit, currency, unit_price, effective_at, set_by, reason)
        SELECT $1, coalesce(max(version), 0) + 1, $2, $3, $4, $5, $6, $7, $8 FROM costing.pricing_catalog WHERE sku = $1
        RETURNING {Columns}
        """;

    // Every SKU has a version 1, which is how the SKUs are found without walking over all their versions.
    private const string List = $"""
        SELECT {Columns} FROM costing.pricing_catalog AS first
         CROSS JOIN LATERAL (SELECT * FROM costing.pricing_catalog WHERE sku = first.sku ORDER BY version DESC LIMIT 1) AS p
         WHERE first.version = 1 AND first.sku > $1
         ORDER BY first.sku
         LIMIT $2
        """;

    private const string FindCurrent = $"""
        SELECT {Columns} FROM unnest($1::text[]) AS wanted (sku)
         CROSS JOIN LATERAL (SELECT * FROM costing.pricing_catalog WHERE sku = wanted.sku ORDER BY version DESC LIMIT 1) AS p
        """;

    /// <summary>Adds the next version; two at once become n and n + 1.</summary>
    public async Task<PriceRecord> SetAsync(UnitOfWork work, string sku, string description, string unit, Amount unitPrice, string reason)
    {
        // A statement of its own: the insert's snapshot must be younger than the lock.
        await work.QueryAsync(LockSku, row => row.GetBoolean(0), sku);
        var rows = await work.QueryAsync(Insert, Read, sku, description, unit, unitPrice.Currency, unitPrice.ToDecimal(),
            database.Now, work.Caller.Subject, reason);
        return rows.Single();
    }

    public Task<List<PriceRecord>> ListAsync(PageRequest page, ServerCallContext context) =>
        database.QueryAsync(context, List, Read, page.After ?? "", page.Fetch);

    /// <summary>The prices in force of these SKUs, by SKU; those without a price are missing.</summary>
    public async Task<Dictionary<string, PriceRecord>> FindCurrentAsync(UnitOfWork work, IEnumerable<string> skus)
    {
        object oneParameter = skus.Distinct().ToArray(); // as a string[], each SKU would become a parameter of its own
        var prices = await work.QueryAsync(FindCurrent, Read, oneParameter);
        return prices.ToDictionary(p => p.Sku);
    }

    private static PriceRecord Read(NpgsqlDataReader row) => new(
        row.GetString(0), row.GetInt64(1), row.GetString(2), row.GetString(3), Amount.Of(row.GetString(4), row.GetDecimal(5)),
        row.GetFieldValue<DateTimeOffset>(6), row.GetString(7));
}
