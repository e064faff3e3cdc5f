using System.Globalization;

namespace AgentPlatform.Registry;

/// <summary>What tells a point from all others, and where a page of points goes on.</summary>
public readonly record struct TelemetryKey(string AgentId, DateTimeOffset Time, long Sequence)
{
    /// <summary>The key of one agent's points as page tokens hold it.</summary>
    public string ToToken() => string.Create(CultureInfo.InvariantCulture, $"{Time.UtcTicks}/{Sequence}");

    /// <summary>Reads it again; null when it is none.</summary>
    public static TelemetryKey? TryParse(string agentId, string token) =>
        token.Split('/') is [var ticks, var sequence]
        && long.TryParse(ticks, NumberStyles.None, CultureInfo.InvariantCulture, out var t) && t <= DateTimeOffset.MaxValue.UtcTicks
        && long.TryParse(sequence, NumberStyles.None, CultureInfo.InvariantCulture, out var s)
            ? new TelemetryKey(agentId, new DateTimeOffset(t, TimeSpan.Zero), s) : null;
}
