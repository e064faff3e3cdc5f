using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Sessions;

public sealed class RetentionTests : IClassFixture<Platform>
{
    private readonly Platform _platform;

    public RetentionTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["session"] = new Dictionary<string, string> { ["Sessions:SweepEvery"] = "00:00:00.2" };
    }

    [Fact]
    public async Task Ended_sessions_go_after_seven_days_with_their_events_but_not_what_is_held_or_alive()
    {
        var agent = await _platform.ClientAsync<Client>(Tokens.Agent("old"));
        var superuser = await _platform.ClientAsync<Client>(Tokens.Superuser());
        var (gone, held, alive) = (await EndedAsync(agent), await EndedAsync(agent), await NewAsync(agent));
        Assert.True((await superuser.SetLegalHoldAsync(new SetLegalHoldRequest { Id = held, Hold = true, Reason = "a dispute" })).Session.LegalHold);

        _platform.Clock.Advance(TimeSpan.FromDays(6.9));
        var young = await EndedAsync(agent);
        _platform.Clock.Advance(TimeSpan.FromDays(0.2));

        await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>("SELECT count(*) FROM session.sessions WHERE id = $1", Guid.Parse(gone)))[0] == 0, "the old one goes");
        Assert.Equal(0, (await _platform.SqlAsync<long>("SELECT count(*) FROM session.events WHERE session_id = $1", Guid.Parse(gone)))[0]);
        await Refusal.ExpectAsync(StatusCode.NotFound, "SESSION_NOT_FOUND", async () => await agent.GetSessionAsync(new GetSessionRequest { Id = gone }));
        foreach (var id in new[] { held, alive, young })
            Assert.Equal(1, (await agent.GetSessionAsync(new GetSessionRequest { Id = id })).Session.EventCount);

        var removal = (await _platform.AuditOfAsync($"session/{gone}", 4))[^1];
        Assert.Equal(("session.remove", "service/session"), (removal.Operation, removal.Principal));
        var hold = (await _platform.AuditOfAsync($"session/{held}", 4)).Single(e => e.Operation == "session.legal_hold");
        Assert.Equal(hold.Principal, hold.AuthorizedBy);

        // Let go, it goes as well.
        await superuser.SetLegalHoldAsync(new SetLegalHoldRequest { Id = held, Hold = false, Reason = "settled" });
        await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>("SELECT count(*) FROM session.sessions WHERE id = $1", Guid.Parse(held)))[0] == 0, "the released one goes");
    }

    [Fact]
    public async Task A_hold_needs_a_reason_and_a_superuser()
    {
        var agent = await _platform.ClientAsync<Client>(Tokens.Agent("holder"));
        var id = await NewAsync(agent);
        var superuser = await _platform.ClientAsync<Client>(Tokens.Superuser());
        await Refusal.ExpectFieldsAsync(async () => await superuser.SetLegalHoldAsync(new SetLegalHoldRequest { Id = id, Hold = true }), "reason");
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "ROLE_MISSING",
            async () => await agent.SetLegalHoldAsync(new SetLegalHoldRequest { Id = id, Hold = true, Reason = "mine" }));
    }

    private static async Task<string> NewAsync(Client client)
    {
        var id = (await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" })).Session.Id;
        await client.AppendEventsAsync(new AppendEventsRequest { SessionId = id, Events = { new SessionEvent { Type = "step" } } });
        return id;
    }

    private static async Task<string> EndedAsync(Client client)
    {
        var id = await NewAsync(client);
        await client.TransitionSessionAsync(new TransitionSessionRequest { Id = id, Status = SessionStatus.Cancelled });
        return id;
    }
}
