using System.Globalization;
using System.Text.Json.Nodes;

namespace AgentPlatform.Sessions;

/// <summary>Something that has happened, as a row of <c>session.notices</c>.</summary>
/// <param name="Id">UUIDv7; the same in every message that tells of it.</param>
/// <param name="Type">One of <see cref="NoticeTypes"/>.</param>
/// <param name="Role">Whose it is; empty when the session knows.</param>
/// <param name="SessionId">The session that it belongs to, if any.</param>
/// <param name="Body">The JSON that is posted.</param>
public sealed record Notice(Guid Id, string Type, string Role, Guid? SessionId, string Body)
{
    /// <summary>Makes one that tells of <paramref name="data"/>: ids, states and where to read more, and no text that somebody wrote.</summary>
    public static Notice Make(string type, DateTimeOffset now, JsonObject data, string role = "", Guid? sessionId = null)
    {
        var id = Guid.CreateVersion7(now);
        return new Notice(id, type, role, sessionId, new JsonObject
        {
            ["id"] = id.ToString(),
            ["type"] = type,
            ["time"] = TimeOf(now),
            ["data"] = data,
        }.ToJsonString());
    }

    /// <summary>A time as RFC 3339 writes it.</summary>
    public static string TimeOf(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture);
}
