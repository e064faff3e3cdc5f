using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Type.V1;
using Grpc.Core;
using Npgsql;
using static AgentPlatform.Tests.Costings.CostingCalls;
using Client = AgentPlatform.Contracts.Costing.V1.PriceService.PriceServiceClient;
using CostingClient = AgentPlatform.Contracts.Costing.V1.CostingService.CostingServiceClient;

namespace AgentPlatform.Tests.Costings;

public sealed class PriceTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_new_price_is_in_force_and_the_former_stays_on_record()
    {
        var sam = await As(Tokens.Superuser());
        var first = await sam.SetAsync("VER-1", Zar(100));
        var second = await sam.SetAsync("VER-1", Zar(120, 500_000_000));

        Assert.Equal((1, 2), (first.Version, second.Version));
        Assert.Equal("user:sam", second.SetBy);
        Assert.True(second.SetTime >= first.SetTime);
        Assert.Equal(second, Assert.Single((await ListAsync(await As(Tokens.Agent("reader")))), p => p.Sku == "VER-1"));
        Assert.Equal([100m, 120.5m], await platform.SqlAsync<decimal>("SELECT unit_price FROM costing.pricing_catalog WHERE sku = 'VER-1' ORDER BY version"));
    }

    [Fact]
    public async Task Of_many_prices_set_at_once_on_two_instances_each_becomes_a_version()
    {
        await using var other = await platform.StartAnotherAsync("costing");
        Client[] clients = [await As(Tokens.Superuser()), platform.Client<Client>(other.GrpcAddress, Tokens.Superuser("sue"))];

        var set = await Task.WhenAll(Enumerable.Range(1, 24).Select(i => clients[i % 2].SetAsync("RACE", Zar(i))));

        Assert.Equal(Enumerable.Range(1, 24).Select(i => (long)i), set.Select(p => p.Version).Order());
        var inForce = Assert.Single(await ListAsync(clients[0]), p => p.Sku == "RACE");
        Assert.Equal(set.Single(p => p.Version == 24), inForce);
    }

    [Fact]
    public async Task A_list_shows_every_price_in_force_once_in_order()
    {
        var sam = await As(Tokens.Superuser());
        string[] skus = ["L.1", "L.10", "L.2", "L.a", "L_a", "l.1"];
        foreach (var sku in skus.Concat(skus))
            await sam.SetAsync(sku, Zar(1));

        var seen = new List<Price>();
        var token = "";
        do
        {
            var page = await sam.ListPricesAsync(new ListPricesRequest { PageSize = 2, PageToken = token });
            Assert.InRange(page.Prices.Count, 1, 2);
            seen.AddRange(page.Prices);
            token = page.NextPageToken;
        }
        while (token.Length > 0);

        Assert.Equal(seen.Select(p => p.Sku).Order(StringComparer.Ordinal), seen.Select(p => p.Sku));
        Assert.Equal(seen.Count, seen.DistinctBy(p => p.Sku).Count());
        Assert.Equal(skus, seen.Where(p => skus.Contains(p.Sku)).Select(p => p.Sku));
        Assert.All(seen.Where(p => skus.Contains(p.Sku)), p => Assert.Equal(2, p.Version));
    }

    [Fact]
    public async Task A_price_for_a_season_lies_over_the_usual_one_and_ends_with_it()
    {
        var sam = await As(Tokens.Superuser());
        await SetAsync("SEASON", Zar(100), "2026-01-01");
        await SetAsync("SEASON", Zar(150), "2026-07-01", "2026-08-31");
        await SetAsync("SEASON", Zar(110), "2027-01-01");

        (string Day, long Units)[] expected = [("2026-01-01", 100), ("2026-06-30", 100), ("2026-07-01", 150), ("2026-08-31", 150), ("2026-09-01", 100), ("2026-12-31", 100), ("2027-01-01", 110)];
        foreach (var (day, units) in expected)
        {
            Assert.Equal(Zar(units), (await sam.GetPriceAsync(new GetPriceRequest { Sku = "SEASON", Date = day })).Price.UnitPrice);
            Assert.Equal(Zar(units), Assert.Single((await sam.ListPricesAsync(new ListPricesRequest { Date = day, PageSize = 500 })).Prices, p => p.Sku == "SEASON").UnitPrice);
        }
        await Refusal.ExpectAsync(StatusCode.NotFound, "PRICE_NOT_FOUND", async () => await sam.GetPriceAsync(new GetPriceRequest { Sku = "SEASON", Date = "2025-12-31" }));
        await Refusal.ExpectAsync(StatusCode.NotFound, "PRICE_NOT_FOUND", async () => await sam.GetPriceAsync(new GetPriceRequest { Sku = "NEVER-SET" }));

        async Task SetAsync(string sku, Money price, string from, string to = "")
        {
            var request = PriceOf(sku, price);
            (request.ValidFrom, request.ValidTo) = (from, to);
            await sam.SetPriceAsync(request);
        }
    }

    [Fact]
    public async Task A_withdrawn_price_is_gone_from_its_day_on_until_another_is_set()
    {
        var sam = await As(Tokens.Superuser());
        var request = PriceOf("GOING", Zar(100));
        request.ValidFrom = "2026-01-01";
        await sam.SetPriceAsync(request);

        var withdrawn = (await sam.WithdrawPriceAsync(new WithdrawPriceRequest { Sku = "GOING", ValidFrom = "2026-06-01", Reason = "sold out" })).Price;

        Assert.Equal((2, true, "2026-06-01", "", "sold out", Zar(100)), (withdrawn.Version, withdrawn.Withdrawn, withdrawn.ValidFrom, withdrawn.ValidTo, withdrawn.Reason, withdrawn.UnitPrice));
        Assert.Equal(Zar(100), (await sam.GetPriceAsync(new GetPriceRequest { Sku = "GOING", Date = "2026-05-31" })).Price.UnitPrice);
        await Refusal.ExpectAsync(StatusCode.NotFound, "PRICE_NOT_FOUND", async () => await sam.GetPriceAsync(new GetPriceRequest { Sku = "GOING", Date = "2026-06-01" }));
        Assert.DoesNotContain(await ListAsync(sam), p => p.Sku == "GOING");
        var agent = await platform.ClientAsync<CostingClient>(Tokens.Agent("late"));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "PRICE_NOT_FOUND", () => agent.ProposeAsync("BK-GOING", ("GOING", 1_000)));
        await Refusal.ExpectAsync(StatusCode.NotFound, "PRICE_NOT_FOUND", async () => await sam.WithdrawPriceAsync(new WithdrawPriceRequest { Sku = "GOING", Reason = "again" }));
        Assert.Equal(("price.withdraw", "user:sam"), (await platform.AuditOfAsync("price/GOING", atLeast: 2))[1] is var e ? (e.Operation, e.AuthorizedBy) : default);

        Assert.Equal(3, (await sam.SetAsync("GOING", Zar(120))).Version);
        Assert.Equal(Zar(120), Assert.Single(await ListAsync(sam), p => p.Sku == "GOING").UnitPrice);
    }

    [Fact]
    public async Task All_versions_of_a_price_are_listed_with_who_set_them_and_why()
    {
        var sam = await As(Tokens.Superuser());
        for (var i = 1; i <= 5; i++)
            await sam.SetAsync("HISTORY", Zar(i));
        var agent = await As(Tokens.Agent("historian"));

        var seen = new List<Price>();
        var request = new ListPriceVersionsRequest { Sku = "HISTORY", PageSize = 2 };
        do
        {
            var page = await agent.ListPriceVersionsAsync(request);
            seen.AddRange(page.Prices);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);

        Assert.Equal([5, 4, 3, 2, 1], seen.Select(p => p.Version));
        Assert.Equal([Zar(5), Zar(4), Zar(3), Zar(2), Zar(1)], seen.Select(p => p.UnitPrice));
        Assert.All(seen, p => Assert.Equal(("user:sam", "new season"), (p.SetBy, p.Reason)));
        Assert.Empty((await agent.ListPriceVersionsAsync(new ListPriceVersionsRequest { Sku = "NEVER-SET" })).Prices);
        await Refusal.ExpectFieldsAsync(async () => await agent.ListPriceVersionsAsync(new ListPriceVersionsRequest { Sku = "HISTORY-2", PageToken = (await agent.ListPriceVersionsAsync(new ListPriceVersionsRequest { Sku = "HISTORY", PageSize = 1 })).NextPageToken }), "page_token");
    }

    [Fact]
    public async Task A_list_is_narrowed_to_a_category()
    {
        var sam = await As(Tokens.Superuser());
        foreach (var (sku, category) in new[] { ("CAT-1", "tents"), ("CAT-2", "chairs"), ("CAT-3", "tents"), ("CAT-4", "") })
        {
            var request = PriceOf(sku, Zar(1));
            request.Category = category;
            await sam.SetPriceAsync(request);
        }

        Assert.Equal(["CAT-1", "CAT-3"], (await sam.ListPricesAsync(new ListPricesRequest { Category = "tents" })).Prices.Select(p => p.Sku));
        await Refusal.ExpectFieldsAsync(async () => await sam.ListPricesAsync(new ListPricesRequest { Category = "Big Tents", Date = "31/12/2026" }), "category", "date");
    }

    [Theory]
    [InlineData("2026-02-30", "", "valid_from")]
    [InlineData("tomorrow", "2026-1-1", "valid_from", "valid_to")]
    [InlineData("2026-04-02", "2026-04-01", "valid_to")]
    [InlineData("", "2000-01-01", "valid_to")]
    public async Task Days_that_make_no_sense_are_refused(string from, string to, params string[] fields)
    {
        var sam = await As(Tokens.Superuser());
        var request = PriceOf("DAYS", Zar(1));
        (request.ValidFrom, request.ValidTo) = (from, to);
        await Refusal.ExpectFieldsAsync(async () => await sam.SetPriceAsync(request), fields);
    }

    [Fact]
    public async Task A_repeat_with_the_same_key_sets_no_further_version()
    {
        var sam = await As(Tokens.Superuser());
        var request = PriceOf("ONCE", Zar(5));
        var first = await sam.SetPriceAsync(request, Key("set-once"));

        var repeat = sam.SetPriceAsync(request, Key("set-once"));
        Assert.Equal(first, await repeat);
        Assert.Equal("true", repeat.GetTrailers().GetValue("idempotency-replayed"));
        Assert.Equal(1, (await platform.SqlAsync<long>("SELECT count(*) FROM costing.pricing_catalog WHERE sku = 'ONCE'")).Single());
        await Refusal.ExpectAsync(StatusCode.InvalidArgument, "IDEMPOTENCY_KEY_REUSED",
            async () => await sam.SetPriceAsync(PriceOf("ONCE", Zar(6)), Key("set-once")));
    }

    [Theory]
    [InlineData("zar", 1, 0, "unit_price.currency_code")]
    [InlineData("", 1, 0, "unit_price.currency_code")]
    [InlineData("RAND", 1, 0, "unit_price.currency_code")]
    [InlineData("ZÄR", 1, 0, "unit_price.currency_code")]
    [InlineData("ZAR", -1, 0, "unit_price")]
    [InlineData("ZAR", 0, -10_000_000, "unit_price")]
    [InlineData("ZAR", long.MinValue, 0, "unit_price", "unit_price.units")]
    [InlineData("ZAR", long.MaxValue, 0, "unit_price.units")]
    [InlineData("ZAR", 10_000_000_000_000, 0, "unit_price.units")]
    [InlineData("ZAR", 1, -10_000_000, "unit_price.nanos")]
    [InlineData("ZAR", -1, 10_000_000, "unit_price.nanos")]
    [InlineData("ZAR", 1, 1_000_000_000, "unit_price.nanos")]
    [InlineData("ZAR", 0, int.MinValue, "unit_price.nanos")]
    [InlineData("ZAR", 1, 5_000_000, "unit_price.nanos")]
    [InlineData("JPY", 1, 500_000_000, "unit_price.nanos")]
    [InlineData("BHD", 1, 500_000, "unit_price.nanos")]
    public async Task A_price_that_nobody_can_pay_is_refused(string currency, long units, int nanos, params string[] fields)
    {
        var sam = await As(Tokens.Superuser());
        await Refusal.ExpectFieldsAsync(() => sam.SetAsync("BAD", new Money { CurrencyCode = currency, Units = units, Nanos = nanos }), fields);
    }

    [Theory]
    [InlineData("ZAR", 0, 0)]
    [InlineData("ZAR", 9_999_999_999_999, 990_000_000)]
    [InlineData("JPY", 150, 0)]
    [InlineData("BHD", 0, 5_000_000)]
    public async Task The_extremes_of_a_price_are_kept_exactly(string currency, long units, int nanos)
    {
        var sam = await As(Tokens.Superuser());
        var money = new Money { CurrencyCode = currency, Units = units, Nanos = nanos };
        var set = await sam.SetAsync("EDGE", money);
        Assert.Equal(money, set.UnitPrice);
        Assert.Equal(set, Assert.Single(await ListAsync(sam), p => p.Sku == "EDGE"));
    }

    [Fact]
    public async Task Every_wrong_field_is_named_at_once()
    {
        var sam = await As(Tokens.Superuser());
        await Refusal.ExpectFieldsAsync(async () => await sam.SetPriceAsync(new SetPriceRequest()), "sku", "description", "unit", "unit_price", "reason");
        await Refusal.ExpectFieldsAsync(async () => await sam.SetPriceAsync(new SetPriceRequest
        {
            Sku = "a/b",
            Description = new string('x', 501),
            Unit = "a\0b",
            UnitPrice = Zar(1),
            Reason = "  ",
        }), "sku", "description", "unit", "reason");
        await Refusal.ExpectFieldsAsync(() => sam.SetAsync(new string('s', 65), Zar(1)), "sku");
    }

    [Fact]
    public async Task Only_a_superuser_sets_prices()
    {
        foreach (var token in new[] { Tokens.Agent("pricer"), Tokens.Operator(), Tokens.Auditor() })
        {
            var client = await As(token);
            await Refusal.ExpectAsync(StatusCode.PermissionDenied, "ROLE_MISSING", () => client.SetAsync("NOT-YOURS", Zar(1)));
        }
        Assert.Empty(await platform.SqlAsync<string>("SELECT sku FROM costing.pricing_catalog WHERE sku = 'NOT-YOURS'"));
    }

    [Fact]
    public async Task A_page_token_of_another_list_is_refused()
    {
        var sam = await As(Tokens.Superuser());
        await sam.SetAsync("T.1", Zar(1));
        await sam.SetAsync("T.2", Zar(1));
        var agent = await As(Tokens.Agent("tokens"));
        var costings = await platform.ClientAsync<CostingClient>(Tokens.Agent("tokens"));
        await costings.ProposeAsync("TOKEN-1", ("T.1", 1_000));
        await costings.ProposeAsync("TOKEN-2", ("T.1", 1_000));
        var ofCostings = (await costings.ListCostingsAsync(new ListCostingsRequest { PageSize = 1 })).NextPageToken;
        var ofPrices = (await agent.ListPricesAsync(new ListPricesRequest { PageSize = 1 })).NextPageToken;

        foreach (var bad in new[] { ofCostings, "AAAA", "not a token!", new string('A', 5_000) })
            await Refusal.ExpectFieldsAsync(async () => await agent.ListPricesAsync(new ListPricesRequest { PageToken = bad }), "page_token");
        await Refusal.ExpectFieldsAsync(async () => await costings.ListCostingsAsync(new ListCostingsRequest { PageToken = ofPrices }), "page_token");
        await Refusal.ExpectFieldsAsync(async () => await costings.ListCostingsAsync(new ListCostingsRequest { PageToken = ofCostings, BookingRef = "TOKEN-1" }), "page_token");
        await Refusal.ExpectFieldsAsync(async () => await agent.ListPricesAsync(new ListPricesRequest { PageSize = -1 }), "page_size");
    }

    [Fact]
    public async Task A_price_is_on_the_audit_log_with_who_set_it_and_why()
    {
        await (await As(Tokens.Superuser())).SetAsync("AUDITED", Zar(1250, 500_000_000));

        var entry = Assert.Single(await platform.AuditOfAsync("price/AUDITED"));
        Assert.Equal(("price.set", "user:sam", "user:sam"), (entry.Operation, entry.Principal, entry.AuthorizedBy));
        Assert.Equal(("ZAR 1250.50", "1", "new season"),
            (entry.Metadata.Fields["unit_price"].StringValue, entry.Metadata.Fields["version"].StringValue, entry.Metadata.Fields["reason"].StringValue));
    }

    [Theory]
    [InlineData("UPDATE costing.pricing_catalog SET unit_price = 0")]
    [InlineData("DELETE FROM costing.pricing_catalog")]
    [InlineData("UPDATE costing.booking_costing SET total = 0")]
    [InlineData("DELETE FROM costing.booking_costing")]
    [InlineData("UPDATE costing.costing_lines SET amount = 0")]
    [InlineData("DELETE FROM costing.costing_lines")]
    [InlineData("UPDATE costing.price_lists SET digest = digest")]
    [InlineData("DELETE FROM costing.price_list_lines")]
    public async Task Not_even_the_service_can_change_what_was_set_or_seen(string sql)
    {
        var login = new NpgsqlConnectionStringBuilder(platform.AdminConnection) { Username = "costing", Password = TestServers.LoginPassword, Pooling = false };
        await using var connection = new NpgsqlConnection(login.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        var refusal = await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync());
        Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, refusal.SqlState);
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);

    private static async Task<IEnumerable<Price>> ListAsync(Client client) =>
        (await client.ListPricesAsync(new ListPricesRequest { PageSize = 500 })).Prices;
}
