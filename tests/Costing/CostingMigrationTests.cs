using AgentPlatform.Migrations;
using Npgsql;

namespace AgentPlatform.Tests.Costings;

/// <summary>A database of the first build, with rows in it, is brought up to date.</summary>
public sealed class CostingMigrationTests(TestServers servers)
{
    private const string Database = "costing_of_the_first_build";

    private const string OldRows = """
        INSERT INTO costing.pricing_catalog (sku, version, description, unit, currency, unit_price, effective_at, set_by, reason)
        VALUES ('TENT', 1, 'A tent', 'day', 'ZAR', 1250.5, '2026-01-15T22:00:00Z', 'user:sam', 'first');
        INSERT INTO costing.booking_costing (id, booking_ref, agent_id, proposed_by, currency, total, status, digest, proposed_at, reviewed_by, reviewed_at)
        VALUES ('01980000-0000-7000-8000-000000000001', 'BK-1', 'a', 'agent:a', 'ZAR', 1250.5, 'pending_review', repeat('a', 64), now(), NULL, NULL),
               ('01980000-0000-7000-8000-000000000002', 'BK-2', 'a', 'agent:a', 'ZAR', 1250.5, 'approved', repeat('a', 64), '2026-02-01T12:00:00Z', 'user:sam', now());
        INSERT INTO costing.costing_lines (costing_id, number, sku, description, quantity_milli, unit_price, price_version, amount)
        SELECT id, 1, 'TENT', 'A tent', 1000, 1250.5, 1, 1250.5 FROM costing.booking_costing;
        SELECT 1
        """;

    [Fact]
    public async Task Prices_and_costings_of_the_first_build_are_carried_over()
    {
        await servers.MigrateAsync(Database, service => [.. Migration.Of(service).Where(m => service != "costing" || !IsLater(m))]);
        await Sql.ReadAsync<int>(servers.For(Database), OldRows);

        await servers.MigrateAsync(Database);

        Assert.Equal([new DateOnly(2026, 1, 15)], await ReadAsync<DateOnly>("SELECT valid_from FROM costing.pricing_catalog WHERE set_at = '2026-01-15T22:00:00Z' AND valid_to IS NULL"));
        // What waited was seen without days, discounts and tax; it has to be proposed anew.
        Assert.Equal(["rejected", "approved"], await ReadAsync<string>("SELECT status FROM costing.booking_costing ORDER BY id"));
        Assert.Equal([1250.5m, 1250.5m], await ReadAsync<decimal>("SELECT net_total FROM costing.booking_costing WHERE tax_total = 0 AND version = 2"));
        Assert.Equal([new DateOnly(2026, 2, 1)], await ReadAsync<DateOnly>("SELECT day FROM costing.costing_lines WHERE costing_id = '01980000-0000-7000-8000-000000000002' AND tax = 0"));
        await servers.DropAsync(Database);
    }

    private static bool IsLater(Migration migration) =>
        !migration.Name.StartsWith("shared/", StringComparison.Ordinal) && string.CompareOrdinal(migration.Name, "0002") >= 0;

    private Task<List<T>> ReadAsync<T>(string sql) => Sql.ReadAsync<T>(servers.For(Database), sql);
}
