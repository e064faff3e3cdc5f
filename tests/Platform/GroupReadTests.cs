using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
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
    public async Task A_row_that_cannot_be_read_is_the_trouble_of_its_reader_alone()
    {
        var sessions = await CreateAsync(20);
        var broken = sessions[7].Id;
        await platform.SqlAsync<int>("ALTER TABLE session.sessions DROP CONSTRAINT sessions_status_known");
        await platform.SqlAsync<int>("UPDATE session.sessions SET status = 'unheard of' WHERE id = $1", Guid.Parse(broken));
        var person = await PersonAsync();

        for (var round = 0; round < 5; round++)
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
    }

    private Task<Client> PersonAsync() => platform.ClientAsync<Client>(Tokens.Operator());

    private async Task<List<Session>> CreateAsync(int number)
    {
        var person = await PersonAsync();
        var created = await Task.WhenAll(Enumerable.Range(0, number).Select(i => person.CreateSessionAsync(new CreateSessionRequest { Role = "finance", Task = $"read-{i}" }).ResponseAsync));
        return [.. created.Select(c => c.Session)];
    }
}
