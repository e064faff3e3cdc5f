using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Vault.Tables;

/// <summary>How a table is to be found in its file, and read. See ReadTableRequest.</summary>
public sealed record TableOptions
{
    public string Sheet { get; init; } = "";

    public int SheetNumber { get; init; }

    public long HeaderRow { get; init; }

    public bool NoHeader { get; init; }

    public NumberFormat NumberFormat { get; init; }

    public DateOrder DateOrder { get; init; }

    public string Delimiter { get; init; } = "";
}
