using System.Globalization;

namespace AgentPlatform.Registry;

/// <summary>A run's place in the list of its schedule's, as a page token carries it.</summary>
public sealed record RunPlace(DateTimeOffset TickAt, Guid Id)
{
    /// <summary>Reads a token's key; null on the first page.</summary>
    public static RunPlace? Read(string? key)
    {
        if (key is null)
            return null;
        return key.Split('/') is [var time, var name] && long.TryParse(time, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
            && ticks <= DateTimeOffset.MaxValue.Ticks && Guid.TryParseExact(name, "D", out var id)
            ? new RunPlace(new DateTimeOffset(ticks, TimeSpan.Zero), id)
            : throw Errors.InvalidArgument("page_token", "is not a token that this list gave with these filters");
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{TickAt.UtcTicks}/{Id}");
}
