using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Sessions;

/// <summary>Calls that most tests of sessions begin with.</summary>
public static class SessionCalls
{
    public static async Task<Session> CreateAsync(this Client client, TimeSpan? ttl = null) =>
        (await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance", Ttl = ttl?.ToDuration() })).Session;

    public static async Task<Session> ReadAsync(this Client client, string id) => (await client.GetSessionAsync(new GetSessionRequest { Id = id })).Session;

    public static async Task<Session> MoveAsync(this Client client, string id, SessionStatus to) =>
        (await client.TransitionSessionAsync(new TransitionSessionRequest { Id = id, Status = to })).Session;

    /// <summary>Appends small events, "1", "2" and so on.</summary>
    public static async Task<AppendEventsResponse> AppendAsync(this Client client, string id, int count = 1) =>
        await client.AppendEventsAsync(new AppendEventsRequest { SessionId = id, Events = { Enumerable.Range(1, count).Select(i => Event($"{i}")) } });

    public static SessionEvent Event(string message = "", string type = "test.happened") => new() { Type = type, Message = message };

    /// <summary>All events, page after page.</summary>
    public static async Task<List<SessionEvent>> EventsAsync(this Client client, ListEventsRequest request)
    {
        var events = new List<SessionEvent>();
        do
        {
            var page = await client.ListEventsAsync(request);
            events.AddRange(page.Events);
            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
        return events;
    }
}
