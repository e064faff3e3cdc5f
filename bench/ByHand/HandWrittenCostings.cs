using AgentPlatform.Contracts.Costing.V1;
using Google.Protobuf;
using Npgsql;

namespace AgentPlatform.Bench.ByHand;

/// <summary>
/// What the costing service does, by hand: each call one round trip. Prices are found and multiplied by the database; nothing is digested, and a
/// reservation is made on two budgets that are known beforehand.
/// </summary>
public sealed class HandWrittenCostings(HandWritten hand)
{
    private const string Service = "/agentplatform.costing.v1";

    private const string CreateTables = """
        CREATE TABLE by_hand.booking_costing (LIKE costing.booking_costing INCLUDING ALL);
        CREATE TABLE by_hand.costing_lines (LIKE costing.costing_lines INCLUDING ALL);
        CREATE TABLE by_hand.budgets (LIKE costing.budgets INCLUDING ALL) WITH (fillfactor = 50);
        CREATE TABLE by_hand.reservations (LIKE costing.reservations INCLUDING ALL) WITH (fillfactor = 70);
        CREATE TABLE by_hand.usage (LIKE costing.usage INCLUDING ALL);
        INSERT INTO by_hand.budgets SELECT * FROM costing.budgets;
        """;

    private const string InsertAnswer =
        "INSERT INTO by_hand.idempotency (caller, method, key, fingerprint, answer, created_at) VALUES ($1, $2, $3, $4, $5, $6)";

    private const string ProposeOne = """
        WITH priced AS (
            SELECT number, wanted.sku, p.description, quantity_milli, p.unit_price, p.version, round(p.unit_price * quantity_milli / 1000, 2) AS amount
              FROM unnest($5::text[], $6::bigint[]) WITH ORDINALITY AS wanted (sku, quantity_milli, number)
             CROSS JOIN LATERAL (SELECT * FROM costing.pricing_catalog WHERE sku = wanted.sku AND valid_from <= $4::date AND (valid_to IS NULL OR valid_to >= $4::date)
                                  ORDER BY version DESC LIMIT 1) AS p),
        proposed AS (
            INSERT INTO by_hand.booking_costing (id, booking_ref, agent_id, proposed_by, currency, net_total, tax_total, total, tax_millipercent, status, digest, proposed_at, version)
            SELECT $1, $2, 'bench', 'agent:bench', 'ZAR', sum(amount), 0, sum(amount), 0, 'pending_review', $7, $3, 1 FROM priced)
        INSERT INTO by_hand.costing_lines (costing_id, number, sku, description, day, quantity_milli, discount_basis_points, unit_price, price_version, amount, tax)
        SELECT $1, number, sku, description, $4::date, quantity_milli, 0, unit_price, version, amount, 0 FROM priced
        """;

    // One statement that changes both budgets or none, and locks them in one order, without which two of them end in a deadlock; as somebody would write it who knows the database well.
    private const string ReserveOne = """
        WITH mine AS MATERIALIZED (SELECT id, spent + reserved + $2 <= hard_limit AS fits FROM by_hand.budgets WHERE id = ANY ($3) ORDER BY id FOR UPDATE),
        changed AS (UPDATE by_hand.budgets AS b SET reserved = b.reserved + $2 FROM mine AS m WHERE b.id = m.id AND (SELECT bool_and(fits) FROM mine) RETURNING b.id)
        INSERT INTO by_hand.reservations (id, agent_id, currency, amount, budget_ids, status, expires_at)
        SELECT $1, 'bench', 'USD', $2, $3, 'open', $4 WHERE (SELECT count(*) FROM changed) = cardinality($3)
        """;

    private const string RecordOne = """
        WITH mine AS MATERIALIZED (SELECT id FROM by_hand.budgets WHERE id = ANY ($3) ORDER BY id FOR UPDATE),
        changed AS (UPDATE by_hand.budgets AS b SET spent = b.spent + $2 FROM mine AS m WHERE b.id = m.id)
        INSERT INTO by_hand.usage (id, agent_id, kind, quantity_milli, resource, currency, cost, spent_on, recorded_at)
        VALUES ($1, 'bench', 'model_tokens', 1500000, 'model-1', 'USD', $2, $4::date, $5)
        """;

    private static readonly string Digest = new('a', 64);

    /// <summary>Makes the tables, with the budgets that the service has; once in a database, after <see cref="HandWritten.PrepareAsync"/>.</summary>
    public static async Task PrepareAsync(string connectionString)
    {
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(CreateTables, connection);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Proposes a costing; <paramref name="sample"/> is stored as the answer, since it is as large as the real one.</summary>
    public Task ProposeAsync(ProposeCostingRequest request, DateOnly day, ProposeCostingResponse sample, string key)
    {
        var (now, id) = (hand.Now, Guid.CreateVersion7(hand.Now));
        return hand.WriteAsync("costing.propose", id,
            (InsertAnswer, [.. HandWritten.CallOf($"{Service}.CostingService/ProposeCosting", key, request), sample.ToByteArray(), now]),
            (ProposeOne, [id, request.BookingRef, now, day, request.Lines.Select(l => l.Sku).ToArray(), request.Lines.Select(l => l.QuantityMilli).ToArray(), Digest]));
    }

    /// <summary>Reserves money on these budgets.</summary>
    public Task ReserveAsync(ReserveSpendRequest request, Guid[] budgets, ReserveSpendResponse sample, string key)
    {
        var (now, id) = (hand.Now, Guid.CreateVersion7(hand.Now));
        return hand.WriteAsync("spend.reserve", id,
            (InsertAnswer, [.. HandWritten.CallOf($"{Service}.SpendService/ReserveSpend", key, request), sample.ToByteArray(), now]),
            (ReserveOne, [id, (decimal)request.Amount.Units + request.Amount.Nanos / 1_000_000_000m, budgets, now + TimeSpan.FromMinutes(5)]));
    }

    /// <summary>Counts usage on these budgets.</summary>
    public Task RecordAsync(RecordUsageRequest request, Guid[] budgets, DateOnly day, RecordUsageResponse sample, string key)
    {
        var (now, id) = (hand.Now, Guid.CreateVersion7(hand.Now));
        var cost = request.Usage.Cost;
        return hand.WriteAsync("spend.record", id,
            (InsertAnswer, [.. HandWritten.CallOf($"{Service}.SpendService/RecordUsage", key, request), sample.ToByteArray(), now]),
            (RecordOne, [id, cost.Units + cost.Nanos / 1_000_000_000m, budgets, day, now]));
    }
}
