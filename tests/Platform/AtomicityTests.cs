using AgentPlatform.Contracts.Session.V1;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Platforms;

/// <summary>A change, its audit entry and its answer: when one of them cannot be written, none is.</summary>
public sealed class AtomicityTests(Platform platform) : IClassFixture<Platform>
{
    [Theory]
    [InlineData("sessions", true)]
    [InlineData("outbox", true)]
    [InlineData("idempotency", true)]
    [InlineData("sessions", false)]
    [InlineData("outbox", false)]
    public async Task When_one_part_of_a_change_fails_nothing_of_it_is_there(string table, bool withKey)
    {
        var client = await platform.ClientAsync<Client>(Tokens.Operator($"atomic-{table}-{withKey}"));
        Task CreateAsync() => client.CreateSessionAsync(new CreateSessionRequest { Role = "atomic" },
            withKey ? new Metadata { { IdempotencyInterceptor.KeyHeader, $"atomic-{table}" } } : []).ResponseAsync;

        await platform.SqlAsync<int>($"ALTER TABLE session.{table} ADD CONSTRAINT nothing_more CHECK (false) NOT VALID");
        try
        {
            await Refusal.ExpectAsync(StatusCode.Internal, "INTERNAL", CreateAsync);
            foreach (var each in new[] { "session.sessions", "session.outbox", "session.idempotency" })
                Assert.Equal(0, await CountAsync(each));
        }
        finally
        {
            await platform.SqlAsync<int>($"ALTER TABLE session.{table} DROP CONSTRAINT nothing_more");
        }

        // The key is free, and the connection is as good as before.
        await CreateAsync();
        Assert.Equal(1, await CountAsync("session.sessions"));
        await Eventually.TrueAsync(async () => await CountAsync("session.outbox") == 0, "the outbox is empty");
        await platform.SqlAsync<int>("TRUNCATE session.sessions, session.idempotency CASCADE");
    }

    private async Task<long> CountAsync(string table) => (await platform.SqlAsync<long>($"SELECT count(*) FROM {table}"))[0];
}
