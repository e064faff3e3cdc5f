using System.Globalization;

namespace AgentPlatform.Costings;

/// <summary>The number of an invoice: the year, and the place in it from 1 on without a gap.</summary>
public sealed record InvoiceNumber(int Year, int Sequence)
{
    /// <summary>As people write it: "2026-000042".</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Year:0000}-{Sequence:000000}");
}
