using AgentPlatform.Contracts.Session.V1;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Platforms;

public sealed class SweeperTests : IClassFixture<Platform>
{
    private const string Count = "SELECT count(*) FROM session.idempotency";
    private readonly Platform _platform;

    public SweeperTests(Platform platform)
    {
        _platform = platform;
        platform.Settings["session"] = new() { ["Idempotency:SweepEvery"] = "00:00:00.1", ["Idempotency:Retention"] = "01:00:00" };
    }

    [Fact]
    public async Task Answers_that_have_outlived_their_time_go_and_younger_ones_stay()
    {
        var client = await _platform.ClientAsync<Client>(Tokens.Agent("swept"));
        // More than one batch of the sweeper.
        await _platform.SqlAsync<int>("""
            INSERT INTO session.idempotency
            SELECT 'agent:old', 'method', i::text, decode(repeat('00', 32), 'hex'), '', now() - interval '59 minutes' FROM generate_series(1, 2500) AS i
            """);
        _platform.Clock.Advance(TimeSpan.FromMinutes(2));
        await client.CreateSessionAsync(new CreateSessionRequest { Role = "finance" }, new Grpc.Core.Metadata { { "idempotency-key", "young" } });

        await Eventually.TrueAsync(async () => (await _platform.SqlAsync<long>(Count))[0] == 1, "only the young answer is left");
    }
}
