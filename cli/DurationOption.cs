using System.CommandLine;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Cli;

/// <summary>Options that take a length of time: "90s", "30m", "7d".</summary>
public static class DurationOption
{
    /// <summary>The option; its value is null when it is not given.</summary>
    public static Option<Duration?> Create(string name, string description) => new(name)
    {
        HelpName = "TIME",
        Description = $"{description}: 90s, 30m, 24h, 7d",
        CustomParser = result =>
        {
            var text = result.Tokens.Single().Value;
            if (DurationText.TryParse(text, out var duration))
                return duration.ToDuration();
            result.AddError($"'{text}' is no length of time: write 90s, 30m, 24h or 7d.");
            return null;
        },
    };
}
