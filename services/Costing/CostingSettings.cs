namespace AgentPlatform.Costings;

/// <summary>Section <c>Costing</c>.</summary>
public sealed class CostingSettings
{
    private const string Section = "Costing";

    /// <summary>The organisation's time zone, by its IANA name: in it begin the days of prices, the years of invoices, and the days and months of budgets.</summary>
    public string TimeZone { get; init; } = "UTC";

    /// <summary>Reads the section; settings that cannot work stop the service from starting.</summary>
    public static CostingSettings Read(IConfiguration configuration)
    {
        var settings = configuration.GetSection(Section).Get<CostingSettings>() ?? new CostingSettings();
        if (!TimeZoneInfo.TryFindSystemTimeZoneById(settings.TimeZone, out _))
            throw new InvalidOperationException($"Costing:TimeZone names no time zone that this machine knows: '{settings.TimeZone}'.");
        return settings;
    }
}
