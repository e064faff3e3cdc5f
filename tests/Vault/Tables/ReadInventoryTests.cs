using AgentPlatform.Contracts.Vault.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Vault.V1.TableService.TableServiceClient;

namespace AgentPlatform.Tests.Vaults;

public sealed class ReadInventoryTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public ReadInventoryTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["vault"] = new() { ["Vault:Inventory:Owned:0"] = "Bestand", ["Vault:Inventory:Sku:0"] = "Artikel-Nr." };
    }

    [Fact]
    public async Task The_demonstrations_inventory_is_read()
    {
        Write("inventory.csv", File.ReadAllText(Repository.PathOf("docs", "demo", "vault", "inventory.csv")));
        var (inventory, items) = await ReadAsync("inventory.csv");
        Assert.Equal(["sku=sku", "name=item", "owned=owned", "out=out", "location=store"], inventory.Columns.Select(c => $"{c.Field}={c.Heading}"));
        Assert.Equal(inventory.ItemsCount, items.Count);
        Assert.Equal(new InventoryItem { Row = 2, Sku = "MRQ-0612", Name = "Marquee 6 × 12 m", Owned = 6, Out = 2, Location = "Worcester" }, items[0]);
    }

    [Fact]
    public async Task Headings_are_known_by_other_names_and_by_configuration_and_other_columns_come_along()
    {
        Write("de.csv", "Artikel-Nr.;SKU;Product;BESTAND;Condition;Group\n007;x;Chair;1.250;good;Seats\n\n;;Tents;;;\n008;;Tent;3;;\n");
        var (_, items) = await ReadAsync("de.csv", NumberFormat.Comma);
        Assert.Equal(
            [
                new InventoryItem { Row = 2, Sku = "007", Name = "Chair", Owned = 1_250, Category = "Seats", Others = { ["SKU"] = "x", ["Condition"] = "good" } },
                new InventoryItem { Row = 5, Sku = "008", Name = "Tent", Owned = 3 },
            ], items);
    }

    [Fact]
    public async Task What_makes_no_sense_is_named_by_row_and_column_before_anything_is_sent()
    {
        Write("wrong.csv", "sku,name,qty,out\nA,Tent,1,1\n,Rope,5,\nB,,2,\nC,Pole,many,\nD,Peg,-1,\nE,Bag,1.5,2\nF,Box,1,some\nG,Lamp,,\n");
        var refusal = await Refusal.ExpectAsync(StatusCode.InvalidArgument, "INVALID_FIELD", () => ReadAsync("wrong.csv"));
        Assert.Equal(["row 3.sku", "row 4.name", "row 5.qty", "row 6.qty", "row 7.qty", "row 8.out", "row 9.qty"], refusal.Fields);

        Write("columns.csv", "a,b\n1,2\n");
        Assert.Equal(["sku", "name", "owned"], (await Refusal.ExpectAsync(StatusCode.InvalidArgument, "INVALID_FIELD", () => ReadAsync("columns.csv"))).Fields);
        await Refusal.ExpectFieldsAsync(() => ReadAsync(""), "path");
    }

    private void Write(string path, string text) => File.WriteAllText(Path.Combine(_platform.VaultRoot, path), text);

    private async Task<(Inventory Inventory, List<InventoryItem> Items)> ReadAsync(string path, NumberFormat format = NumberFormat.Unspecified)
    {
        using var call = (await _platform.ClientAsync<Client>(Tokens.Operator())).ReadInventory(new ReadInventoryRequest { Path = path, NumberFormat = format });
        Assert.True(await call.ResponseStream.MoveNext(CancellationToken.None));
        var (inventory, items) = (call.ResponseStream.Current.Inventory, new List<InventoryItem>());
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
            items.AddRange(call.ResponseStream.Current.Items.Items);
        return (inventory, items);
    }
}
