using System.Globalization;

namespace AgentPlatform.Registry;

/// <summary>A task's place in its queue, as a page token carries it: what the order goes by, and how many stand before it and it itself.</summary>
public sealed record QueuePlace(bool IsDelayed, int Priority, DateTimeOffset AvailableAt, Guid Id, long Position)
{
    public static QueuePlace Of(AgentTaskRecord task, long position) =>
        new(task.Status is Contracts.Registry.V1.AgentTaskStatus.Delayed, task.Priority, task.AvailableAt, task.Id, position);

    /// <summary>Reads a token's key; null on the first page.</summary>
    public static QueuePlace? Read(string? key)
    {
        if (key is null)
            return null;
        var parts = key.Split('/');
        return parts.Length == 5 && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var priority)
            && long.TryParse(parts[2], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) && ticks <= DateTimeOffset.MaxValue.Ticks
            && Guid.TryParseExact(parts[3], "D", out var id) && long.TryParse(parts[4], NumberStyles.None, CultureInfo.InvariantCulture, out var position)
            ? new QueuePlace(parts[0] == "d", priority, new DateTimeOffset(ticks, TimeSpan.Zero), id, position)
            : throw Errors.InvalidArgument("page_token", "is not a token that this list gave with these filters");
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(IsDelayed ? 'd' : 'p')}/{Priority}/{AvailableAt.UtcTicks}/{Id}/{Position}");
}
