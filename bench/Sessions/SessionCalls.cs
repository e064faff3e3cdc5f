using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Grpc.Net.Client;

namespace AgentPlatform.Bench.Sessions;

/// <summary>The calls of the service that are measured, as an operator makes them; each change with an idempotency key of its own.</summary>
public sealed class SessionCalls
{
    private const int SeedCallers = 16;
    private const int AppendMost = 500;

    private readonly SessionService.SessionServiceClient _sessions;
    private readonly StatusService.StatusServiceClient _status;
    private readonly TaskService.TaskServiceClient _tasks;
    private readonly ApprovalService.ApprovalServiceClient _approvals;

    public SessionCalls(GrpcChannel channel, string token)
    {
        var authorization = $"Bearer {token}";
        var authorized = channel.Intercept(metadata => { metadata.Add("authorization", authorization); return metadata; });
        (_sessions, _status) = (new(authorized), new(authorized));
        (_tasks, _approvals) = (new(authorized), new(authorized));
    }

    public async Task<Guid> CreateAsync() => Guid.Parse((await _sessions.CreateSessionAsync(SampleWork.Create, Key())).Session.Id);

    public async Task AppendAsync(Guid session, int events) => await _sessions.AppendEventsAsync(SampleWork.Append(session, events), Key());

    public async Task IncrementAsync(Guid session) => await _sessions.UpdateContextAsync(SampleWork.Increment(session), Key());

    public async Task GetSessionAsync(Guid session) => await _sessions.GetSessionAsync(new GetSessionRequest { Id = session.ToString() });

    public async Task GetContextAsync(Guid session) => await _sessions.GetContextAsync(new GetContextRequest { SessionId = session.ToString() });

    public async Task FetchStatusAsync(Guid session) => await _status.FetchStatusAsync(new FetchStatusRequest { Id = session.ToString() });

    /// <summary>The last ten events.</summary>
    public async Task ListLastEventsAsync(Guid session) => await _sessions.ListEventsAsync(
        new ListEventsRequest { SessionId = session.ToString(), PageSize = 10, Order = EventOrder.NewestFirst });

    /// <summary>Makes sessions that are being worked on: with events, a live context, a task and an approval that waits.</summary>
    public async Task<Guid[]> SeedAsync(int sessions, int events)
    {
        var made = new Guid[sessions];
        await Parallel.ForAsync(0, sessions, new ParallelOptions { MaxDegreeOfParallelism = SeedCallers }, async (i, _) => made[i] = await SeedAsync(events));
        return made;
    }

    /// <summary>Makes one such session.</summary>
    public async Task<Guid> SeedAsync(int events)
    {
        var session = await CreateAsync();
        for (var left = events; left > 0; left -= AppendMost)
            await AppendAsync(session, Math.Min(left, AppendMost));
        await _sessions.UpdateContextAsync(SampleWork.Fill(session), Key());
        await _tasks.CreateTaskAsync(SampleWork.Task(session), Key());
        await _approvals.RequestApprovalAsync(SampleWork.Approval(session), Key());
        return session;
    }

    /// <summary>A key that nobody has used.</summary>
    public static string NewKey() => Guid.NewGuid().ToString("N");

    private static Metadata Key() => new() { { "idempotency-key", NewKey() } };
}
