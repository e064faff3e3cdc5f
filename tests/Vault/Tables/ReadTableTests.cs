using AgentPlatform.Contracts.Audit.V1;
using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Vault.V1.TableService.TableServiceClient;

namespace AgentPlatform.Tests.Vaults;

public sealed class ReadTableTests(VaultPlatform vault) : IClassFixture<VaultPlatform>
{
    [Fact]
    public async Task The_description_comes_first_and_the_rows_in_batches()
    {
        vault.Folder.Write("lists/long.csv", "n,half\n" + string.Concat(Enumerable.Range(1, 1_234).Select(n => $"{n},{n}.5\n")));

        var (table, batches) = await ReadAsync(new ReadTableRequest { Path = "lists/long.csv" });

        Assert.Equal([500, 500, 234], batches.Select(b => b.Rows.Count));
        Assert.Equal((1_234, "n|half", "Integer Decimal"), (table.RowsCount, Tables.NamesOf(table), Tables.TypesOf(table)));
        Assert.Equal(await FileAsync("lists/long.csv"), (table.File, table.Sha256));
        Assert.Equal("1234|1234.5", Tables.TextOf(batches[^1].Rows[^1]));
        Assert.Equal(Enumerable.Range(2, 1_234), batches.SelectMany(b => b.Rows).Select(r => (int)r.Number));
    }

    [Fact]
    public async Task Long_rows_come_in_messages_that_clients_take()
    {
        vault.Folder.Write("lists/heavy.csv", "a,b\n" + string.Concat(Enumerable.Repeat($"{new string('ü', 30_000)},{new string('x', 30_000)}\n", 60)));
        var (table, batches) = await ReadAsync(new ReadTableRequest { Path = "lists/heavy.csv" });
        Assert.Equal(60, table.RowsCount);
        Assert.Equal(60, batches.Sum(b => b.Rows.Count));
        Assert.All(batches, b => Assert.InRange(b.CalculateSize(), 1, 512 * 1024));
    }

    [Fact]
    public async Task Columns_and_rows_are_chosen()
    {
        vault.Folder.Write("lists/chosen.csv", "a,b,c\n1,2,3\n4,5,6\n\n7,8,9\n");

        var (table, batches) = await ReadAsync(new ReadTableRequest { Path = "lists/chosen.csv", Columns = { "C", "a " }, FirstRow = 2, RowCount = 1 });
        Assert.Equal(("a|c", 3), (Tables.NamesOf(table), table.RowsCount));
        Assert.Equal(["4|6"], batches.SelectMany(b => b.Rows).Select(Tables.TextOf));

        Assert.Equal(2, (await ReadAsync(new ReadTableRequest { Path = "lists/chosen.csv", FirstRow = 2, RowCount = long.MaxValue })).Batches.Sum(b => b.Rows.Count));
        Assert.Empty((await ReadAsync(new ReadTableRequest { Path = "lists/chosen.csv", FirstRow = 99 })).Batches);
        var refusal = await RefusedAsync(StatusCode.InvalidArgument, "INVALID_FIELD", new ReadTableRequest { Path = "lists/chosen.csv", Columns = { "a", "price" } });
        Assert.Equal(["columns"], refusal.Fields);
        Assert.Contains("'a', 'b', 'c'", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_sheet_of_a_workbook_is_read()
    {
        vault.Folder.Write("lists/two.xlsx", new WorkbookFile().Sheet("One", "<row><c><v>1</v></c></row>").Sheet("Two", "<row><c><v>1</v></c></row><row><c><v>2.5</v></c></row>").ToBytes());
        var (table, batches) = await ReadAsync(new ReadTableRequest { Path = "lists/two.xlsx", Sheet = "two" });
        Assert.Equal(("Two", 2, "Decimal"), (table.Sheet, table.Sheets.Count, Tables.TypesOf(table)));
        Assert.Equal(["2.5"], batches.Single().Rows.Select(Tables.TextOf));
    }

    public static TheoryData<string, ReadTableRequest> WrongRequests => new()
    {
        { "path", new() },
        { "path", new() { Path = "../secret.csv" } },
        { "sheet_number", new() { Path = "a.xlsx", SheetNumber = -1 } },
        { "sheet_number", new() { Path = "a.xlsx", SheetNumber = 1, Sheet = "One" } },
        { "sheet", new() { Path = "a.xlsx", Sheet = new string('x', 501) } },
        { "header_row", new() { Path = "a.csv", HeaderRow = -1 } },
        { "header_row", new() { Path = "a.csv", HeaderRow = long.MaxValue } },
        { "header_row", new() { Path = "a.csv", HeaderRow = 1, NoHeader = true } },
        { "columns", new() { Path = "a.csv", Columns = { Enumerable.Repeat("x", 201) } } },
        { "columns[1]", new() { Path = "a.csv", Columns = { "x", "" } } },
        { "first_row", new() { Path = "a.csv", FirstRow = -1 } },
        { "row_count", new() { Path = "a.csv", RowCount = -1 } },
        { "number_format", new() { Path = "a.csv", NumberFormat = (NumberFormat)9 } },
        { "date_order", new() { Path = "a.csv", DateOrder = (DateOrder)9 } },
        { "delimiter", new() { Path = "a.csv", Delimiter = "x" } },
        { "delimiter", new() { Path = "a.csv", Delimiter = ",;" } },
    };

    [Theory]
    [MemberData(nameof(WrongRequests))]
    public async Task What_makes_no_sense_is_refused_by_its_field(string field, ReadTableRequest request) =>
        Assert.Equal([field], (await RefusedAsync(StatusCode.InvalidArgument, "INVALID_FIELD", request)).Fields);

    [Fact]
    public async Task What_is_no_table_or_no_good_one_is_refused_before_anything_is_sent()
    {
        vault.Folder.Write("lists/form.pdf", "%PDF-1.4\n");
        vault.Folder.Write("lists/broken.xml", "<a><b></a>");
        // The last line alone is wrong.
        vault.Folder.Write("lists/late.csv", "a,b\n" + string.Concat(Enumerable.Repeat("1,2\n", 5_000)) + "\"");

        await RefusedAsync(StatusCode.FailedPrecondition, "NOT_A_TABLE", new ReadTableRequest { Path = "lists/form.pdf" });
        await RefusedAsync(StatusCode.FailedPrecondition, "FILE_MALFORMED", new ReadTableRequest { Path = "lists/broken.xml" });
        await RefusedAsync(StatusCode.FailedPrecondition, "FILE_MALFORMED", new ReadTableRequest { Path = "lists/late.csv" });
        await RefusedAsync(StatusCode.NotFound, "FILE_NOT_FOUND", new ReadTableRequest { Path = "lists/nothing.csv" });

        var entries = await vault.Platform.AuditOfAsync("vault/lists/late.csv", atLeast: 2);
        Assert.Equal([Outcome.Ok, Outcome.Failed], entries.Select(e => e.Outcome));
    }

    [Fact]
    public async Task One_caller_gets_half_of_the_places_and_gives_them_back()
    {
        vault.Folder.Write("lists/large.xlsx", WorkbookFile.Heavy());
        vault.Folder.Write("lists/small.csv", "a\n1\n");
        var client = await As("crowd");
        var calls = Enumerable.Range(0, 2).Select(_ => client.ReadTable(new ReadTableRequest { Path = "lists/large.xlsx" })).ToList();
        // What they have not taken keeps them open.
        foreach (var call in calls)
            Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));

        await RefusedAsync(StatusCode.ResourceExhausted, "TOO_MANY_TABLES", new ReadTableRequest { Path = "lists/small.csv" }, "crowd");
        Assert.Equal(1, (await ReadAsync(new ReadTableRequest { Path = "lists/small.csv" }, "other")).Table.RowsCount);

        calls.ForEach(call => call.Dispose());
        await Eventually.TrueAsync(async () =>
        {
            try { return (await ReadAsync(new ReadTableRequest { Path = "lists/small.csv" }, "crowd")).Table.RowsCount == 1; }
            catch (RpcException e) when (e.StatusCode is StatusCode.ResourceExhausted) { return false; }
        }, "places that are given back");
    }

    private Task<Client> As(string agent) => vault.Platform.ClientAsync<Client>(Tokens.Agent(agent));

    private async Task<(Table Table, List<TableRows> Batches)> ReadAsync(ReadTableRequest request, string agent = "reader")
    {
        using var call = (await As(agent)).ReadTable(request);
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var (table, batches) = (call.ResponseStream.Current.Table, new List<TableRows>());
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
            batches.Add(call.ResponseStream.Current.Rows);
        return (table, batches);
    }

    private Task<Refusal> RefusedAsync(StatusCode code, string reason, ReadTableRequest request, string agent = "reader") =>
        Refusal.ExpectAsync(code, reason, async () => await ReadAsync(request, agent));

    private async Task<(VaultFile File, string Sha256)> FileAsync(string path)
    {
        var answer = await (await vault.As(Tokens.Agent("reader"))).GetFileAsync(new GetFileRequest { Path = path });
        return (answer.File, answer.Sha256);
    }
}
