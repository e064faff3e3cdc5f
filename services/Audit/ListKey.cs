using System.Globalization;

namespace AgentPlatform.Audit;

/// <summary>
/// Where a page of a list begins: after the entry of this time and shard, and where the log ended when the list was begun. As part of a page token:
/// "ticks|shard|0:1200,1:77".
/// </summary>
public sealed record ListKey(DateTimeOffset? RecordedAt, int Shard, ShardPositions Heads)
{
    /// <summary>The key that a page token carries; an error when it is none.</summary>
    public static ListKey Parse(string text)
    {
        var parts = text.Split('|');
        if (parts.Length != 3 || !long.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks) || ticks > DateTimeOffset.MaxValue.Ticks
            || !int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var shard) || !ShardPositions.TryParse(parts[2], out var heads))
            throw Errors.InvalidArgument("page_token", "is not a token that this list gave with these filters");
        return new ListKey(new DateTimeOffset(ticks, TimeSpan.Zero), shard, heads);
    }

    /// <summary>The key of what follows this entry.</summary>
    public string After(AuditRecord last) => string.Create(CultureInfo.InvariantCulture, $"{last.RecordedAt.UtcTicks}|{last.Shard}|{Heads}");
}
