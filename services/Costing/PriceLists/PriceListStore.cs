using AgentPlatform.Contracts.Costing.V1;
using Grpc.Core;
using Npgsql;

namespace AgentPlatform.Costings;

/// <summary>All SQL of price lists.</summary>
public sealed class PriceListStore(Database database)
{
    private const string Columns = """
        id, source, reason, lines_count, new_count, changed_count, status, digest, proposed_by, agent_id, proposed_at, reviewed_by, reviewed_at, review_reason
        """;

    private const string Insert = """
        INSERT INTO costing.price_lists (id, source, reason, lines_count, new_count, changed_count, status, digest, proposed_by, agent_id, proposed_at, reviewed_by, review_reason)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, '', '')
        """;

    private const string InsertLines = """
        INSERT INTO costing.price_list_lines (price_list_id, number, sku, description, unit, currency, unit_price, category, valid_from, valid_to, change, base_version, compared_version)
        SELECT $1, number, sku, description, unit, currency, unit_price, category, valid_from, valid_to, change, base_version, compared_version
          FROM unnest($2::text[], $3::text[], $4::text[], $5::text[], $6::numeric[], $7::text[], $8::date[], $9::date[], $10::text[], $11::bigint[], $12::bigint[])
          WITH ORDINALITY AS line (sku, description, unit, currency, unit_price, category, valid_from, valid_to, change, base_version, compared_version, number)
        """;

    private const string Find = $"SELECT {Columns} FROM costing.price_lists WHERE id = $1";

    // The second of two deciders waits here, and then sees what the first has decided.
    private const string FindToDecide = $"{Find} FOR UPDATE";

    // Keyset paging: ids are UUIDv7, so their order is the order of proposal.
    private const string List = $"""
        SELECT {Columns} FROM costing.price_lists
         WHERE ($1::uuid IS NULL OR id < $1) AND ($2 = '' OR status = $2) AND ($3 = '' OR agent_id = $3)
         ORDER BY id DESC
         LIMIT $4
        """;

    // The version that a line was compared with never changes, so it is read from the catalogue and not kept twice.
    private const string Lines = $"""
        SELECT l.number, l.sku, l.description, l.unit, l.currency, l.unit_price, l.category, l.valid_from, l.valid_to, l.change, l.base_version, l.compared_version, {PriceStore.Columns}
          FROM costing.price_list_lines AS l LEFT JOIN costing.pricing_catalog AS p ON p.sku = l.sku AND p.version = l.compared_version
         WHERE l.price_list_id = $1
        """;

    private const string ListLines = $"{Lines} AND l.number > $2 AND ($3 = '' OR l.change = $3) ORDER BY l.number LIMIT $4";

    private const string FindLines = $"{Lines} ORDER BY l.number";

    private const string InsertPrices = """
        INSERT INTO costing.pricing_catalog (sku, version, description, unit, currency, unit_price, category, valid_from, valid_to, set_at, set_by, reason, price_list_id)
        SELECT sku, base_version + 1, description, unit, currency, unit_price, category, valid_from, valid_to, $2, $3, $4, $1
          FROM costing.price_list_lines WHERE price_list_id = $1 AND change <> 'unchanged'
        """;

    private const string DecideOne = "UPDATE costing.price_lists SET status = $2, reviewed_by = $3, reviewed_at = $4, review_reason = $5 WHERE id = $1";

    /// <summary>Adds a pending list with its lines and its digest.</summary>
    public PriceListRecord Propose(UnitOfWork work, string source, string reason, IReadOnlyList<PriceListLineRecord> lines)
    {
        var now = database.Now;
        var content = new PriceListRecord(Guid.CreateVersion7(now), source, reason, lines.Count, lines.Count(l => l.Change == PriceChange.New),
            lines.Count(l => l.Change == PriceChange.Changed), PriceListStatus.PriceListPending, "", work.Caller.Subject, work.Caller.AgentId, now, "", null, "");
        var list = content with { Digest = PriceListDigest.Of(content, lines) };
        work.Execute(Insert, list.Id, list.Source, list.Reason, list.LinesCount, list.NewCount, list.ChangedCount, EnumText.Of(list.Status), list.Digest, list.ProposedBy, list.AgentId, now);
        T[] Column<T>(Func<PriceListLineRecord, T> value) => [.. lines.Select(value)];
        work.Execute(InsertLines, list.Id, Column(l => l.Terms.Sku), Column(l => l.Terms.Description), Column(l => l.Terms.Unit), Column(l => l.Terms.UnitPrice.Currency),
            Column(l => l.Terms.UnitPrice.ToDecimal()), Column(l => l.Terms.Category), Column(l => l.Terms.ValidFrom), Column(l => l.Terms.ValidTo),
            Column(l => EnumText.Of(l.Change)), Column(l => l.BaseVersion), Column(l => l.ComparedVersion));
        return list;
    }

    public Task<PriceListRecord?> FindAsync(Guid id, ServerCallContext context) => database.QuerySingleAsync(context, Find, Read, id);

    /// <summary>Reads the list and keeps it from other deciders until the work ends.</summary>
    public Task<PriceListRecord?> FindToDecideAsync(UnitOfWork work, Guid id) => work.QuerySingleAsync(FindToDecide, Read, id);

    public Task<List<PriceListLineRecord>> FindLinesAsync(UnitOfWork work, Guid id) => work.QueryAsync(FindLines, ReadLine, id);

    public Task<List<PriceListRecord>> ListAsync(PageRequest page, PriceListStatus status, string agentId, ServerCallContext context) =>
        database.QueryAsync(context, List, Read, page.AfterId, EnumText.Of(status), agentId, page.Fetch);

    public Task<(IReadOnlyList<PriceListLineRecord> Rows, string NextToken)> ListLinesAsync(PageRequest page, Guid id, PriceChange change, ServerCallContext context) =>
        database.QueryPageAsync(context, page, l => l.Number.ToString(System.Globalization.CultureInfo.InvariantCulture), SizeOf, ListLines, ReadLine,
            id, page.AfterNumber ?? 0, EnumText.Of(change), page.Fetch);

    /// <summary>Sets the prices of a list, whose SKUs are locked and at the versions that it was compared with.</summary>
    public void SetPrices(UnitOfWork work, PriceListRecord list) => work.Execute(InsertPrices, list.Id, database.Now, work.Caller.Subject, list.Reason);

    /// <summary>Decides a list that <see cref="FindToDecideAsync"/> has read in this work.</summary>
    public PriceListRecord Decide(UnitOfWork work, PriceListRecord list, PriceListStatus status, string reason)
    {
        var decided = list with { Status = status, ReviewedBy = work.Caller.Subject, ReviewedAt = database.Now, ReviewReason = reason };
        work.Execute(DecideOne, decided.Id, EnumText.Of(status), decided.ReviewedBy, decided.ReviewedAt, reason);
        return decided;
    }

    // How large the texts of a line can make it.
    private static int SizeOf(PriceListLineRecord line) =>
        line.Terms.Description.Length + (line.Previous is { } previous ? previous.Terms.Description.Length + previous.Reason.Length : 0);

    private static PriceListRecord Read(NpgsqlDataReader row) => new(
        row.GetGuid(0), row.GetString(1), row.GetString(2), row.GetInt32(3), row.GetInt32(4), row.GetInt32(5), EnumText.Parse<PriceListStatus>(row.GetString(6)),
        row.GetString(7), row.GetString(8), row.GetString(9), row.GetFieldValue<DateTimeOffset>(10), row.GetString(11),
        row.IsDBNull(12) ? null : row.GetFieldValue<DateTimeOffset>(12), row.GetString(13));

    private static PriceListLineRecord ReadLine(NpgsqlDataReader row) => new(
        row.GetInt32(0),
        new PriceTerms(row.GetString(1), row.GetString(2), row.GetString(3), Amount.Of(row.GetString(4), row.GetDecimal(5)), row.GetString(6),
            row.GetFieldValue<DateOnly>(7), row.IsDBNull(8) ? null : row.GetFieldValue<DateOnly>(8)),
        EnumText.Parse<PriceChange>(row.GetString(9)), row.GetInt64(10), row.GetInt64(11), row.IsDBNull(12) ? null : PriceStore.Read(row, 12));
}
