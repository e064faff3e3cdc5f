namespace Aspire.StackExchange.Redis;

/// <summary>What may be set for a Redis client, in code or under <c>Aspire:StackExchange:Redis</c> in the configuration.</summary>
public sealed class StackExchangeRedisSettings
{
    /// <summary>The connection string; <c>ConnectionStrings:{name}</c> goes before what is set in the section.</summary>
    public string? ConnectionString { get; set; }

    /// <summary>Leaves out the health check <c>StackExchange.Redis</c>.</summary>
    public bool DisableHealthChecks { get; set; }
}
