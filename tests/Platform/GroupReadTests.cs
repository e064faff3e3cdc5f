using System.Diagnostics.Metrics;
using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Platforms;

/// <summary>Reads that travel together, and what happens to a group of which one cannot be read.</summary>
public sealed class GroupReadTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task Each_of_many_readers_gets_what_it_asked_for()
    {
        var sessions = await CreateAsync(40);
        var person = await PersonAsync();
        var unknown = Guid.NewGuid().ToString();

        var found = sessions.Concat(sessions).Select(s => (s, person.GetSessionAsync(new GetSessionRequest { Id = s.Id }).ResponseAsync)).ToList();
        var missing = Enumerable.Range(0, 10).Select(_ => Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND",
            async () => await person.GetSessionAsync(new GetSessionRequest { Id = unknown }))).ToList();
        foreach (var (session, answer) in found)
            Assert.Equal(session, (await answer).Session);
        await Task.WhenAll(missing);
    }

    [Fact]
    public async Task Reads_of_several_kinds_with_rows_in_an_order_go_together_and_none_gets_anothers_rows()
    {
        var sessions = await CreateAsync(24);
        var person = await PersonAsync();
        // Each has as many events as its number says; ten of them are told, the last ones.
        await Task.WhenAll(sessions.Select((s, i) => i == 0 ? Task.CompletedTask : person.AppendEventsAsync(new AppendEventsRequest
        {
            SessionId = s.Id,
            Events = { Enumerable.Range(1, i).Select(n => new SessionEvent { Type = "note", Source = "test", Message = $"{i}-{n}" }) },
        }).ResponseAsync));
        var statuses = await platform.ClientAsync<StatusService.StatusServiceClient>(Tokens.Operator());
        var agents = await platform.ClientAsync<StatusService.StatusServiceClient>(Tokens.Agent("stranger"));

        for (var round = 0; round < 3; round++)
        {
            var found = sessions.ConvertAll(s => statuses.FetchStatusAsync(new FetchStatusRequest { Id = s.Id }).ResponseAsync);
            var seen = sessions.ConvertAll(s => person.GetSessionAsync(new GetSessionRequest { Id = s.Id }).ResponseAsync);
            var hidden = sessions.ConvertAll(s => Refusal.ExpectAsync(StatusCode.NotFound, "STATUS_NOT_FOUND", async () => await agents.FetchStatusAsync(new FetchStatusRequest { Id = s.Id })));
            for (var i = 0; i < sessions.Count; i++)
            {
                var status = await found[i];
                Assert.Equal((sessions[i].Id, (long)i), (status.Session.Id, status.Session.LastSequence));
                Assert.Equal(Enumerable.Range(1, i).TakeLast(10).Select(n => $"{i}-{n}"), status.LastEvents.Select(e => e.Message));
                Assert.Equal(sessions[i].Id, (await seen[i]).Session.Id);
            }
            await Task.WhenAll(hidden);
        }
    }

    [Fact]
    public async Task A_row_that_cannot_be_read_is_the_trouble_of_its_reader_alone()
    {
        var sessions = await CreateAsync(20);
        var broken = sessions[7].Id;
        await platform.SqlAsync<int>("ALTER TABLE session.sessions DROP CONSTRAINT sessions_status_known");
        await platform.SqlAsync<int>("UPDATE session.sessions SET status = 'unheard of' WHERE id = $1", Guid.Parse(broken));
        var person = await PersonAsync();

        for (var round = 0; round < 5; round++)
            await ReadTogetherAsync(person, sessions, broken);
    }

    [Fact]
    public async Task A_row_that_the_database_does_not_give_is_the_trouble_of_its_reader_alone_and_the_refused_groups_are_counted()
    {
        var sessions = await CreateAsync(20);
        var broken = sessions[7].Id;
        await platform.SqlAsync<int>("UPDATE session.sessions SET task = 'unreadable' WHERE id = $1", Guid.Parse(broken));
        var host = (ServiceHost<AgentPlatform.Sessions.SessionStore>)await platform.StartAsync("session");
        using var metrics = new MetricBook(host.Services.GetRequiredService<IMeterFactory>(), "agentplatform.groups.");
        await platform.SqlAsync<int>("CREATE POLICY unreadable ON session.sessions USING (CASE WHEN task = 'unreadable' THEN task::int = 0 ELSE true END)");
        await platform.SqlAsync<int>("ALTER TABLE session.sessions ENABLE ROW LEVEL SECURITY");
        var person = await PersonAsync();
        try
        {
            for (var round = 0; round < 5; round++)
                await ReadTogetherAsync(person, sessions, broken);
            // One for each time that the broken one was asked for: alone it is no group any more.
            Assert.Equal(("agentplatform.groups.refused read 22P02", 5), metrics.Read().Select(m => (m.Key, m.Value)).Single());
        }
        finally
        {
            await platform.SqlAsync<int>("ALTER TABLE session.sessions DISABLE ROW LEVEL SECURITY");
        }
    }

    [Fact]
    public async Task Who_reads_what_somebody_holds_holds_up_nobody_else()
    {
        var session = (await CreateAsync(1))[0];
        var person = await PersonAsync();
        var tasks = await platform.ClientAsync<TaskService.TaskServiceClient>(Tokens.Operator());
        var task = (await tasks.CreateTaskAsync(new CreateTaskRequest { Type = "invoice.check", FromRole = "sales", ToRole = "finance" })).Task;
        Task<GetTaskResponse> held;
        await using (var holder = new NpgsqlConnection(platform.AdminConnection + ";Pooling=false"))
        {
            await holder.OpenAsync();
            await using var hold = new NpgsqlCommand("BEGIN; LOCK TABLE session.tasks IN ACCESS EXCLUSIVE MODE", holder);
            await hold.ExecuteNonQueryAsync();
            held = tasks.GetTaskAsync(new GetTaskRequest { Id = task.Id }).ResponseAsync;
            await Eventually.TrueAsync(async () => (await platform.SqlAsync<long>(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'session/ui' AND wait_event_type = 'Lock'"))[0] > 0, "the reader waits");

            var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(20);
            Assert.Equal(session, (await person.GetSessionAsync(new GetSessionRequest { Id = session.Id }, deadline: deadline)).Session);
            Assert.False(held.IsCompleted);
        }
        Assert.Equal(task, (await held).Task);
    }

    // All at once, of which one cannot be read.
    private static async Task ReadTogetherAsync(Client person, List<Session> sessions, string broken)
    {
        var answers = sessions.ConvertAll(s => (s, person.GetSessionAsync(new GetSessionRequest { Id = s.Id }).ResponseAsync));
        foreach (var (session, answer) in answers)
        {
            if (session.Id == broken)
                Assert.Equal(StatusCode.Internal, (await Assert.ThrowsAsync<RpcException>(() => answer)).StatusCode);
            else
                Assert.Equal(session, (await answer).Session);
        }
    }

    private Task<Client> PersonAsync() => platform.ClientAsync<Client>(Tokens.Operator());

    private async Task<List<Session>> CreateAsync(int number)
    {
        var person = await PersonAsync();
        var created = await Task.WhenAll(Enumerable.Range(0, number).Select(i => person.CreateSessionAsync(new CreateSessionRequest { Role = "finance", Task = $"read-{i}" }).ResponseAsync));
        return [.. created.Select(c => c.Session)];
    }
}
