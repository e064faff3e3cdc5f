using System.Security.Cryptography;
using System.Text;
using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Costings;

/// <summary>All SQL of costings.</summary>
public sealed class CostingStore(Database database)
{
    private const string Columns = """
        c.id, c.booking_ref, c.session_id, c.agent_id, c.proposed_by, c.currency, c.net_total, c.tax_total, c.total, c.tax_millipercent, c.status, c.digest,
        c.proposed_at, c.reviewed_by, c.reviewed_at, c.review_reason, c.invoice_year, c.invoice_sequence, c.invoiced_at, c.invoiced_by, c.version
        """;

    private const int LinesAt = 21;

    private const string Insert = """
        WITH proposed AS (
            INSERT INTO costing.booking_costing (id, booking_ref, session_id, agent_id, proposed_by, currency, net_total, tax_total, total, tax_millipercent,
                   status, digest, proposed_at, version)
            VALUES ($1, $2, $3::uuid, $4, $5, $6, $7, $8, $9, $10, 'pending_review', $11, $12, 1))
        INSERT INTO costing.costing_lines (costing_id, number, sku, description, day, quantity_milli, discount_basis_points, unit_price, price_version, amount, tax)
        SELECT $1, number, sku, description, day, quantity_milli, discount_basis_points, unit_price, price_version, amount, tax
          FROM unnest($13::text[], $14::text[], $15::date[], $16::bigint[], $17::int[], $18::numeric[], $19::bigint[], $20::numeric[], $21::numeric[])
          WITH ORDINALITY AS line (sku, description, day, quantity_milli, discount_basis_points, unit_price, price_version, amount, tax, number)
        """;

    private const string Find = $"""
        SELECT {Columns}, l.skus, l.descriptions, l.days, l.quantities_milli, l.discounts_basis_points, l.unit_prices, l.price_versions, l.amounts, l.taxes
          FROM costing.booking_costing AS c
         CROSS JOIN LATERAL (
            SELECT array_agg(sku ORDER BY number) AS skus, array_agg(description ORDER BY number) AS descriptions, array_agg(day ORDER BY number) AS days,
                   array_agg(quantity_milli ORDER BY number) AS quantities_milli, array_agg(discount_basis_points ORDER BY number) AS discounts_basis_points,
                   array_agg(unit_price ORDER BY number) AS unit_prices, array_agg(price_version ORDER BY number) AS price_versions,
                   array_agg(amount ORDER BY number) AS amounts, array_agg(tax ORDER BY number) AS taxes
              FROM costing.costing_lines WHERE costing_id = c.id) AS l
         WHERE c.id = $1
        """;

    // The second of two who change it waits here, and then sees what the first has done.
    private const string FindToChange = $"{Find} FOR UPDATE OF c";

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

    // Holds the row of the year until the commit: who comes next counts on from what was committed, so a number that is rolled back is not lost.
    private const string TakeNumber = """
        INSERT INTO costing.invoice_years AS y (year, last_sequence) VALUES ($1, 1)
        ON CONFLICT ON CONSTRAINT invoice_years_pkey DO UPDATE SET last_sequence = y.last_sequence + 1
        RETURNING last_sequence
        """;

    private const string Update = """
        UPDATE costing.booking_costing
           SET status = $2, reviewed_by = $3, reviewed_at = $4::timestamptz, review_reason = $5, invoice_year = $6::int, invoice_sequence = $7::int,
               invoiced_at = $8::timestamptz, invoiced_by = $9, version = $10
         WHERE id = $1
        """;

    /// <summary>
    /// Finds the prices of the lines, makes a pending costing of them and commits it, together with others' proposals for other bookings.
    /// </summary>
    public async Task<ProposeCostingResponse> ProposeAsync(
        UnitOfWork work, string bookingRef, IReadOnlyList<LineRequest> lines, Func<LinePrices, ProposeCostingResponse> then) =>
        // There is a row whatever the catalogue has.
        (await work.ChangeAsync(SubjectOf(bookingRef), PriceStore.FindOfLines, PriceStore.ReadOfLines, then,
            lines.Select(l => l.Sku).ToArray(), lines.Select(l => l.Day).ToArray()))!;

    /// <summary>Adds a pending costing with its digest; a booking that has a pending one is refused at the commit.</summary>
    public CostingRecord Add(
        UnitOfWork work, string bookingRef, Guid? sessionId, int taxMillipercent, IReadOnlyList<CostingLineRecord> lines)
    {
        var now = database.Now;
        var currency = lines[0].Amount.Currency;
        var (net, tax) = (Amount.Sum(currency, lines.Select(l => l.Amount)), Amount.Sum(currency, lines.Select(l => l.Tax)));
        var content = new CostingRecord
        {
            Id = Guid.CreateVersion7(now),
            BookingRef = bookingRef,
            SessionId = sessionId,
            AgentId = work.Caller.AgentId,
            ProposedBy = work.Caller.Subject,
            TaxMillipercent = taxMillipercent,
            NetTotal = net,
            TaxTotal = tax,
            Total = Amount.Sum(currency, [net, tax]),
            Status = CostingStatus.PendingReview,
            ProposedAt = now,
            Version = 1,
            Lines = lines,
        };
        CostingRules.CheckTotal(content.Total);
        var costing = content with { Digest = CostingDigest.Of(content) };
        T[] Column<T>(Func<CostingLineRecord, T> value) => [.. lines.Select(value)];
        work.Execute(Insert, costing.Id, bookingRef, sessionId, costing.AgentId, costing.ProposedBy, currency, net.ToDecimal(), tax.ToDecimal(), costing.Total.ToDecimal(),
            taxMillipercent, costing.Digest, now, Column(l => l.Sku), Column(l => l.Description), Column(l => l.Day), Column(l => l.QuantityMilli),
            Column(l => l.DiscountBasisPoints), Column(l => l.UnitPrice.ToDecimal()), Column(l => l.PriceVersion), Column(l => l.Amount.ToDecimal()), Column(l => l.Tax.ToDecimal()));
        return costing;
    }

    public Task<CostingRecord?> FindAsync(Guid id, ServerCallContext context) =>
        database.QuerySingleAsync(context, Find, ReadWithLines, id);

    /// <summary>Reads the costing and keeps others from changing it until the work ends.</summary>
    public Task<CostingRecord?> FindToChangeAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(FindToChange, ReadWithLines, id);

    /// <summary>A page of costings without their lines.</summary>
    public Task<List<CostingRecord>> ListAsync(PageRequest page, CostingStatus status, string bookingRef, string agentId, ServerCallContext context) =>
        database.QueryAsync(context, List, Read, page.AfterId, EnumText.Of(status), bookingRef, agentId, page.Fetch);

    /// <summary>The next invoice number of a year; nobody else takes one of it until the work ends.</summary>
    public static async Task<InvoiceNumber> TakeNumberAsync(UnitOfWork work, int year) =>
        new(year, (await work.QueryAsync(TakeNumber, row => row.GetInt32(0), year)).Single());

    /// <summary>Writes a costing that <see cref="FindToChangeAsync"/> has read in this work, as changed.</summary>
    public static CostingRecord Change(UnitOfWork work, CostingRecord changed)
    {
        changed = changed with { Version = changed.Version + 1 };
        work.Execute(Update, changed.Id, EnumText.Of(changed.Status), changed.ReviewedBy, changed.ReviewedAt, changed.ReviewReason, changed.InvoiceNumber?.Year,
            changed.InvoiceNumber?.Sequence, changed.InvoicedAt, changed.InvoicedBy, changed.Version);
        work.Wake(CostingRules.TopicOf(changed.Id));
        return changed;
    }

    // Two proposals for one booking must not meet in one group: the second would refuse the first as well.
    private static Guid SubjectOf(string bookingRef) => new(SHA256.HashData(Encoding.UTF8.GetBytes(bookingRef)).AsSpan(0, 16));

    private static CostingRecord Read(NpgsqlDataReader row)
    {
        var currency = row.GetString(5);
        return new CostingRecord
        {
            Id = row.GetGuid(0),
            BookingRef = row.GetString(1),
            SessionId = row.IsDBNull(2) ? null : row.GetGuid(2),
            AgentId = row.GetString(3),
            ProposedBy = row.GetString(4),
            NetTotal = Amount.Of(currency, row.GetDecimal(6)),
            TaxTotal = Amount.Of(currency, row.GetDecimal(7)),
            Total = Amount.Of(currency, row.GetDecimal(8)),
            TaxMillipercent = row.GetInt32(9),
            Status = EnumText.Parse<CostingStatus>(row.GetString(10)),
            Digest = row.GetString(11),
            ProposedAt = row.GetFieldValue<DateTimeOffset>(12),
            ReviewedBy = row.IsDBNull(13) ? null : row.GetString(13),
            ReviewedAt = Time(row, 14),
            ReviewReason = row.GetString(15),
            InvoiceNumber = row.IsDBNull(16) ? null : new InvoiceNumber(row.GetInt32(16), row.GetInt32(17)),
            InvoicedAt = Time(row, 18),
            InvoicedBy = row.IsDBNull(19) ? null : row.GetString(19),
            Version = row.GetInt64(20),
        };
    }

    private static DateTimeOffset? Time(NpgsqlDataReader row, int column) => row.IsDBNull(column) ? null : row.GetFieldValue<DateTimeOffset>(column);

    private static CostingRecord ReadWithLines(NpgsqlDataReader row)
    {
        var costing = Read(row);
        T[] Column<T>(int number) => row.GetFieldValue<T[]>(LinesAt + number);
        Amount[] Amounts(int number) => Array.ConvertAll(Column<decimal>(number), value => Amount.Of(costing.Total.Currency, value));
        var (skus, descriptions, days) = (Column<string>(0), Column<string>(1), Column<DateOnly>(2));
        var (quantitiesMilli, discounts, versions) = (Column<long>(3), Column<int>(4), Column<long>(6));
        var (unitPrices, amounts, taxes) = (Amounts(5), Amounts(7), Amounts(8));
        return costing with
        {
            Lines = [.. skus.Select((sku, i) => new CostingLineRecord(
                sku, descriptions[i], days[i], quantitiesMilli[i], discounts[i], unitPrices[i], versions[i], amounts[i], taxes[i]))],
        };
    }
}
