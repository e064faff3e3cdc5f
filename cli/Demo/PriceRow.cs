using AgentPlatform.Contracts.Type.V1;

namespace AgentPlatform.Cli.Demo;

/// <summary>One price of a price list.</summary>
public sealed record PriceRow(string Sku, string Description, string Unit, Money Price);
