using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Costings;

/// <summary>All SQL of costings.</summary>
public sealed class CostingStore(Database database)
{
    private const string Columns =
        "c.id, c.booking_ref, c.session_id, c.agent_id, c.proposed_by, c.currency, c.total, c.status, c.digest, c.proposed_at, c.reviewed_by, c.reviewed_at, c.review_reason";

    private const string Insert = """
        INSERT INTO costing.booking_costing (id, booking_ref, session_id, agent_id, proposed_by, currency, total, status, digest, proposed_at)
        VALUES ($1, $2, $3::uuid, $4, $5, $6, $7, $8, $9, $10)
        """;

    private const string InsertLines = """
        INSERT INTO costing.costing_lines (costing_id, number, sku, description, quantity_milli, unit_price, price_version, amount)
        SELECT $1, number, sku, description, quantity_milli, unit_price, price_version, amount
          FROM unnest($2::text[], $3::text[], $4::bigint[], $5::numeric[], $6::bigint[], $7::numeric[])
          WITH ORDINALITY AS line (sku, description, quantity_milli, unit_price, price_version, amount, number)
        """;

    private const string Find = $"""
        SELECT {Columns}, l.skus, l.descriptions, l.quantities_milli, l.unit_prices, l.price_versions, l.amounts
          FROM costing.booking_costing AS c
         CROSS JOIN LATERAL (
            SELECT array_agg(sku ORDER BY number) AS skus, array_agg(description ORDER BY number) AS descriptions,
                   array_agg(quantity_milli ORDER BY number) AS quantities_milli, array_agg(unit_price ORDER BY number) AS unit_prices,
                   array_agg(price_version ORDER BY number) AS price_versions, array_agg(amount ORDER BY number) AS amounts
              FROM costing.costing_lines WHERE costing_id = c.id) AS l
         WHERE c.id = $1
        """;

    // The second of two deciders waits here, and then sees what the first has decided.
    private const string FindToDecide = $"{Find} FOR UPDATE OF c";

    // Keyset paging: ids are UUIDv7, so their order is the order of proposal.
    private const string List = $"""
        SELECT {Columns} FROM costing.booking_costing AS c
         WHERE ($1::uuid IS NULL OR c.id < $1)
           AND ($2 = '' OR c.status = $2)
           AND ($3 = '' OR c.booking_ref = $3)
           AND ($4 = '' OR c.agent_id = $4)
         ORDER BY c.id DESC
         LIMIT $5
        """;

    private const string DecideOne = """
        UPDATE costing.booking_costing SET status = $2, reviewed_by = $3, reviewed_at = $4, review_reason = $5
         WHERE id = $1
        """;

    /// <summary>Adds a pending costing with its digest; a booking that has a pending one is refused at the commit.</summary>
    public CostingRecord Propose(UnitOfWork work, string bookingRef, Guid? sessionId, IReadOnlyList<CostingLineRecord> lines, Amount total)
    {
        var now = database.Now;
        var content = new CostingRecord(Guid.CreateVersion7(now), bookingRef, sessionId, work.Caller.AgentId, work.Caller.Subject, total,
            CostingStatus.PendingReview, "", now, null, null, "", lines);
        var costing = content with { Digest = CostingDigest.Of(content) };
        work.Execute(Insert, costing.Id, bookingRef, sessionId, costing.AgentId, costing.ProposedBy, total.Currency, total.ToDecimal(),
            EnumText.Of(costing.Status), costing.Digest, now);
        work.Execute(InsertLines, costing.Id, Column(lines, l => l.Sku), Column(lines, l => l.Description), Column(lines, l => l.QuantityMilli),
            Column(lines, l => l.UnitPrice.ToDecimal()), Column(lines, l => l.PriceVersion), Column(lines, l => l.Amount.ToDecimal()));
        return costing;
    }

    public Task<CostingRecord?> FindAsync(Guid id, ServerCallContext context) =>
        database.QuerySingleAsync(context, Find, ReadWithLines, id);

    /// <summary>Reads the costing and keeps it from other deciders until the work ends.</summary>
    public Task<CostingRecord?> FindToDecideAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(FindToDecide, ReadWithLines, id);

    /// <summary>A page of costings without their lines.</summary>
    public Task<List<CostingRecord>> ListAsync(PageRequest page, CostingStatus status, string bookingRef, string agentId, ServerCallContext context) =>
        database.QueryAsync(context, List, Read, page.AfterId, EnumText.Of(status), bookingRef, agentId, page.Fetch);

    /// <summary>Decides a costing that <see cref="FindToDecideAsync"/> has read in this work.</summary>
    public CostingRecord Decide(UnitOfWork work, CostingRecord costing, CostingStatus status, string reason)
    {
        var decided = costing with { Status = status, ReviewedBy = work.Caller.Subject, ReviewedAt = database.Now, ReviewReason = reason };
        work.Execute(DecideOne, decided.Id, EnumText.Of(status), decided.ReviewedBy, decided.ReviewedAt, reason);
        return decided;
    }

    private static T[] Column<T>(IReadOnlyList<CostingLineRecord> lines, Func<CostingLineRecord, T> value) => [.. lines.Select(value)];

    private static CostingRecord Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), row.IsDBNull(2) ? null : row.GetGuid(2), row.GetString(3), row.GetString(4),
        Amount.Of(row.GetString(5), row.GetDecimal(6)), EnumText.Parse<CostingStatus>(row.GetString(7)), row.GetString(8),
        row.GetFieldValue<DateTimeOffset>(9), row.IsDBNull(10) ? null : row.GetString(10),
        row.IsDBNull(11) ? null : row.GetFieldValue<DateTimeOffset>(11), row.GetString(12), []);

    private static CostingRecord ReadWithLines(NpgsqlDataReader row)
    {
        var costing = Read(row);
        var currency = costing.Total.Currency;
        var skus = row.GetFieldValue<string[]>(13);
        var descriptions = row.GetFieldValue<string[]>(14);
        var quantitiesMilli = row.GetFieldValue<long[]>(15);
        var unitPrices = row.GetFieldValue<decimal[]>(16);
        var priceVersions = row.GetFieldValue<long[]>(17);
        var amounts = row.GetFieldValue<decimal[]>(18);
        return costing with
        {
            Lines = [.. skus.Select((sku, i) => new CostingLineRecord(
                sku, descriptions[i], quantitiesMilli[i], Amount.Of(currency, unitPrices[i]), priceVersions[i], Amount.Of(currency, amounts[i])))],
        };
    }
}
