namespace Aspire.Npgsql;

/// <summary>What may be set for a data source, in code or under <c>Aspire:Npgsql</c> in the configuration.</summary>
public sealed class NpgsqlSettings
{
    /// <summary>The connection string; <c>ConnectionStrings:{name}</c> goes before what is set in the section.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Leaves out the health check <c>PostgreSql</c>.</summary>
    public bool DisableHealthChecks { get; set; }

    /// <summary>Leaves out the spans of Npgsql.</summary>
    public bool DisableTracing { get; set; }

    /// <summary>Leaves out the metrics of Npgsql.</summary>
    public bool DisableMetrics { get; set; }
}
