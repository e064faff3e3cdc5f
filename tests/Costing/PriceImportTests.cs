using System.Security.Cryptography;
using System.Text;
using AgentPlatform.Contracts.Costing.V1;
using AgentPlatform.Contracts.Vault.V1;
using AgentPlatform.Tests.Commands;
using AgentPlatform.Tests.Vaults;
using Grpc.Core;
using static AgentPlatform.Tests.Costings.CostingCalls;
using Client = AgentPlatform.Contracts.Costing.V1.PriceListService.PriceListServiceClient;

namespace AgentPlatform.Tests.Costings;

public sealed class PriceImportTests(Platform platform) : IClassFixture<Platform>
{
    private static readonly object?[] Headings = ["SKU", "Description", "Unit", "Price (ZAR)"];

    [Fact]
    public async Task A_workbook_is_held_against_the_catalogue_and_approved_as_a_whole()
    {
        await platform.SetPriceAsync("IMP-SAME", Zar(10));
        await platform.SetPriceAsync("IMP-RAISED", Zar(20));
        var bytes = Workbook.Of(Headings,
            ["IMP-SAME", "A IMP-SAME", "day", 10.0], ["IMP-RAISED", "A IMP-RAISED", "day", 22.5], [null, null, "without tax"], [" IMP-NEW ", "A chair", "day", 18.25]);
        Write("prices/2026.xlsx", bytes);
        var olga = await As(Tokens.Operator("olga"));

        var imported = await olga.ImportPriceListAsync(Request("prices/2026.xlsx"));

        var list = imported.PriceList;
        Assert.Equal((3, 1, 1, "prices/2026.xlsx", "new season"), (list.LinesCount, list.NewCount, list.ChangedCount, list.Source, list.Reason));
        Assert.Equal((Convert.ToHexStringLower(SHA256.HashData(bytes)), "One"), (imported.FileSha256, imported.Sheet));
        var lines = await olga.LinesAsync(list);
        Assert.Equal([PriceChange.Unchanged, PriceChange.Changed, PriceChange.New], lines.Select(l => l.Change));
        Assert.Equal((Zar(20), Zar(22, 500_000_000)), (lines[1].Previous.UnitPrice, lines[1].Proposed.UnitPrice));

        await (await As(Tokens.Superuser())).ApproveAsync(list);
        var prices = await platform.ClientAsync<PriceService.PriceServiceClient>(Tokens.Operator());
        Assert.Equal((Zar(18, 250_000_000), list.Id), ((await prices.GetPriceAsync(new GetPriceRequest { Sku = "IMP-NEW" })).Price.UnitPrice,
            (await prices.GetPriceAsync(new GetPriceRequest { Sku = "IMP-RAISED" })).Price.PriceListId));
        var entries = await platform.AuditOfAsync($"price_list/{list.Id}", atLeast: 2);
        Assert.Equal(imported.FileSha256, entries[0].Metadata.Fields["file_sha256"].StringValue);
        // The reading is on record as the caller's own.
        Assert.Equal("user:olga", Assert.Single(await platform.AuditOfAsync("vault/prices/2026.xlsx")).Principal);
    }

    [Fact]
    public async Task Columns_have_other_names_currencies_days_and_decimal_commas()
    {
        Write("prices/de.csv", Encoding.Latin1.GetBytes("Prices 2027\n\nArticle no;Article;UoM;Net price;Currency;Group;Valid from;Valid until\n"
            + "IMP-DE;Stühle;day;1.250,50;EUR;Chairs and Tables;13.01.2027;31.12.2027\nIMP-DE2;Tisch;day;2,25;;;;\n"));
        var olga = await As(Tokens.Operator());

        var list = (await olga.ImportPriceListAsync(new(Request("prices/de.csv")) { Currency = "CHF", ValidFrom = "2027-02-01" })).PriceList;

        Assert.Equal(
            [
                new ProposedPrice { Sku = "IMP-DE", Description = "Stühle", Unit = "day", UnitPrice = new() { CurrencyCode = "EUR", Units = 1_250, Nanos = 500_000_000 }, Category = "chairs-and-tables", ValidFrom = "2027-01-13", ValidTo = "2027-12-31" },
                new ProposedPrice { Sku = "IMP-DE2", Description = "Tisch", Unit = "day", UnitPrice = new() { CurrencyCode = "CHF", Units = 2, Nanos = 250_000_000 }, ValidFrom = "2027-02-01" },
            ],
            (await olga.LinesAsync(list)).Select(l => l.Proposed));
    }

    [Fact]
    public async Task What_is_wrong_is_named_with_its_row_and_column_and_nothing_is_proposed()
    {
        Write("prices/wrong.xlsx", Workbook.Of(Headings, ["OK-1", "fine", "day", 1.0], ["bad sku", "x", "day", 2.0], ["OK-2", "x", "day", 0.125], ["OK-1", "again", "day", 1.0], ["OK-3", null, "day", 1.0], ["OK-4", "x", "day", -1.0]));
        Write("prices/text.csv", "SKU,Description,Unit,Price (ZAR),Valid from\nA,x,day,ten,2026-01-01\nB,x,day,,soon\nC,x,day,5,\n"u8.ToArray());
        var olga = await As(Tokens.Operator());
        var before = await platform.SqlAsync<long>("SELECT count(*) FROM costing.price_lists");

        await Refusal.ExpectFieldsAsync(async () => await olga.ImportPriceListAsync(Request("prices/wrong.xlsx")),
            "row 3.sku", "row 4.unit_price.nanos", "row 5.sku", "row 6.description", "row 7.unit_price");
        await Refusal.ExpectFieldsAsync(async () => await olga.ImportPriceListAsync(Request("prices/text.csv")),
            "row 2.Price (ZAR)", "row 3.Price (ZAR)", "row 3.Valid from");
        Assert.Equal(before, await platform.SqlAsync<long>("SELECT count(*) FROM costing.price_lists"));
    }

    [Theory]
    [InlineData("a,b\n1,2\n", "SKU", "Description", "Unit", "Price (ZAR), or another currency")]
    [InlineData("sku,description,unit,price\nA,x,day,1\n", "currency")]
    public async Task Missing_columns_are_named(string text, params string[] fields)
    {
        Write("prices/columns.csv", Encoding.UTF8.GetBytes(text));
        var olga = await As(Tokens.Operator());
        await Refusal.ExpectFieldsAsync(async () => await olga.ImportPriceListAsync(Request("prices/columns.csv")), fields);
    }

    [Fact]
    public async Task A_file_without_prices_and_one_with_too_many_are_refused()
    {
        Write("prices/none.csv", "sku,description,unit,price (zar)\n"u8.ToArray());
        Write("prices/zar.csv", "sku,description,unit,price ZAR\n,,per person,\n"u8.ToArray());
        Write("prices/many.csv", Encoding.UTF8.GetBytes("SKU,Description,Unit,Price (ZAR)\n" + string.Concat(Enumerable.Range(0, 5_001).Select(i => $"S{i},x,day,1\n"))));
        var olga = await As(Tokens.Operator());
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "PRICE_FILE_EMPTY", async () => await olga.ImportPriceListAsync(new(Request("prices/none.csv")) { Currency = "ZAR" }));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "PRICE_FILE_EMPTY", async () => await olga.ImportPriceListAsync(Request("prices/zar.csv")));
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "PRICE_FILE_TOO_LARGE", async () => await olga.ImportPriceListAsync(Request("prices/many.csv")));
    }

    [Fact]
    public async Task The_vaults_rules_and_refusals_are_those_of_the_caller()
    {
        Write("prices/kept.xlsx", Workbook.Of(Headings, ["IMP-KEPT", "x", "day", 1.0]));
        var agent = await As(Tokens.Agent("importer"));

        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "PATH_NOT_ALLOWED", async () => await agent.ImportPriceListAsync(Request("prices/kept.xlsx")));
        await platform.AllowAsync("importer", "prices/kept.xlsx");
        Assert.Equal("importer", (await agent.ImportPriceListAsync(Request("prices/kept.xlsx"))).PriceList.AgentId);
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "PATH_NOT_ALLOWED", async () => await (await As(Tokens.Agent("another"))).ImportPriceListAsync(Request("prices/kept.xlsx")));

        var olga = await As(Tokens.Operator());
        await Refusal.ExpectAsync(StatusCode.NotFound, "FILE_NOT_FOUND", async () => await olga.ImportPriceListAsync(Request("prices/nowhere.xlsx")));
        await Refusal.ExpectFieldsAsync(async () => await olga.ImportPriceListAsync(Request("../prices.xlsx")), "path");
        Write("prices/broken.csv", "a,b\n\"x"u8.ToArray());
        await Refusal.ExpectAsync(StatusCode.FailedPrecondition, "FILE_MALFORMED", async () => await olga.ImportPriceListAsync(Request("prices/broken.csv")));
    }

    [Fact]
    public async Task A_request_that_makes_no_sense_is_refused_by_its_fields()
    {
        var olga = await As(Tokens.Operator());
        await Refusal.ExpectFieldsAsync(async () => await olga.ImportPriceListAsync(new ImportPriceListRequest()), "path", "reason");
        await Refusal.ExpectFieldsAsync(async () => await olga.ImportPriceListAsync(new(Request("a.csv")) { Currency = "zar", ValidFrom = "soon", ValidTo = "2026-02-30" }), "currency", "valid_from", "valid_to");
        await Refusal.ExpectFieldsAsync(async () => await olga.ImportPriceListAsync(new(Request("a.csv")) { NumberFormat = (NumberFormat)9, HeaderRow = -1 }), "number_format", "header_row");
    }

    /// <summary>A request to import a file of a platform's vault, which is written for it.</summary>
    public static ImportPriceListRequest Imported(Platform platform, string path)
    {
        Write(platform, path, Workbook.Of(Headings, ["MUTATED-9", "A tent", "day", 10.0]));
        return Request(path);
    }

    private static ImportPriceListRequest Request(string path) => new() { Path = path, Reason = "new season" };

    private void Write(string path, byte[] bytes) => Write(platform, path, bytes);

    private static void Write(Platform platform, string path, byte[] bytes)
    {
        var file = Path.Combine(platform.VaultRoot, path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);
}
