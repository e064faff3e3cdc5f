namespace AgentPlatform.Vault.Tables;

/// <summary>
/// Section <c>Vault:Inventory</c>: headings of the legacy inventory's columns, as far as they are none of those that are known anyway (ReadInventory names them). In any case of
/// letters; spaces and punctuation do not count.
/// </summary>
public sealed class InventorySettings
{
    public string[] Sku { get; init; } = [];

    public string[] Name { get; init; } = [];

    public string[] Owned { get; init; } = [];

    public string[] Out { get; init; } = [];

    public string[] Location { get; init; } = [];

    public string[] Category { get; init; } = [];
}
