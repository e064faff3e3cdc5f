namespace AgentPlatform.Costings;

/// <summary>Section <c>Costing</c>.</summary>
public sealed class CostingSettings
{
    /// <summary>A hundred percent in thousandths of one.</summary>
    public const int WholeMillipercent = 100 * MillipercentPerPercent;

    private const string Section = "Costing";
    private const int MillipercentPerPercent = 1_000;

    /// <summary>The organisation's time zone, by its IANA name: in it begin the days of prices, the years of invoices, and the days and months of budgets.</summary>
    public string TimeZone { get; init; } = "UTC";

    /// <summary>The tax on every line, in percent; three digits after the point are the finest.</summary>
    public decimal TaxPercent { get; init; }

    /// <summary>The tax in thousandths of a percent, of which <see cref="WholeMillipercent"/> are the whole.</summary>
    public int TaxMillipercent => (int)(TaxPercent * MillipercentPerPercent);

    /// <summary>Reads the section; settings that cannot work stop the service from starting.</summary>
    public static CostingSettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection(Section).Get<CostingSettings>() ?? new CostingSettings();
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(settings.TimeZone, out _))
            throw new InvalidOperationException($"Costing:TimeZone names no time zone that this machine knows: '{settings.TimeZone}'.");
        if (settings.TaxPercent is < 0 or > 100 || settings.TaxMillipercent != settings.TaxPercent * MillipercentPerPercent)
            throw new InvalidOperationException("Costing:TaxPercent must be 0 to 100, with at most three digits after the point.");
        return settings;
    }
}
