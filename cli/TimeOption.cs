using System.CommandLine;
using System.Globalization;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Cli;

/// <summary>Options that take a moment: "2026-03-01", "2026-03-01T12:00Z", or how long ago: "15m", "7d".</summary>
public static class TimeOption
{
    /// <summary>The option; its value is null when it is not given.</summary>
    /// <param name="name">With its dashes.</param>
    /// <param name="description">What the moment bounds.</param>
    public static Option<Timestamp?> Create(string name, string description) => new(name)
    {
        HelpName = "TIME",
        Description = $"{description}: 2026-03-01, 2026-03-01T12:00Z (UTC unless it says otherwise), or how long ago: 15m, 24h, 7d",
        CustomParser = result =>
        {
            var text = result.Tokens.Single().Value;
            if (DurationText.TryParse(text, out var ago))
                return (TimeProvider.System.GetUtcNow() - ago).ToTimestamp();
            if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
                return time.ToTimestamp();
            result.AddError($"'{text}' is no time: write 2026-03-01, 2026-03-01T12:00Z, 15m, 24h or 7d.");
            return null;
        },
    };

    /// <summary>The same for a moment that may be ahead; how long ago is not understood.</summary>
    /// <param name="name">With its dashes.</param>
    /// <param name="description">What the moment bounds.</param>
    public static Option<Timestamp?> CreateAbsolute(string name, string description) => new(name)
    {
        HelpName = "TIME",
        Description = $"{description}: 2026-03-01, or 2026-03-01T12:00Z (UTC unless it says otherwise)",
        CustomParser = result =>
        {
            var text = result.Tokens.Single().Value;
            if (DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time))
                return time.ToTimestamp();
            result.AddError($"'{text}' is no time: write 2026-03-01 or 2026-03-01T12:00Z.");
            return null;
        },
    };
}
