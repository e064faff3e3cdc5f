using AgentPlatform.Cli;
using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Sessions;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;

namespace AgentPlatform.Tests.Platforms;

public sealed class TokenTests(Platform platform) : IClassFixture<Platform>
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task Whose_token_was_found_valid_is_known_at_the_next_call()
    {
        var token = Tokens.Operator("often");
        await (await platform.ClientAsync<Client>(token)).ListSessionsAsync(new ListSessionsRequest());
        var host = (ServiceHost<SessionStore>)await platform.StartAsync("session");
        Assert.Equal("user:often", host.Services.GetRequiredService<CallerCache>().Find($"Bearer {token}")?.Subject);
    }

    [Fact]
    public Task Without_a_token_a_call_is_refused() => RefusedAsync("TOKEN_MISSING", null);

    [Fact]
    public Task An_expired_token_is_refused()
    {
        var clock = new ManualClock();
        clock.Advance(TimeSpan.FromHours(-2));
        return RefusedAsync("TOKEN_EXPIRED", Tokens.Key.Mint("user:olga", ["operator"], null, Hour, clock));
    }

    [Fact]
    public async Task A_token_of_another_key_is_refused()
    {
        using var other = DevelopmentKey.Create();
        await RefusedAsync("TOKEN_NOT_TRUSTED", other.Mint("user:olga", ["operator"], null, Hour, TimeProvider.System));
    }

    [Fact]
    public Task A_token_whose_claims_were_changed_is_refused()
    {
        var parts = Tokens.Operator().Split('.');
        var other = Tokens.Superuser().Split('.');
        return RefusedAsync("TOKEN_NOT_TRUSTED", $"{parts[0]}.{other[1]}.{parts[2]}");
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("a.b.c")]
    public Task A_token_that_is_none_is_refused(string token) => RefusedAsync("TOKEN_INVALID", token);

    [Fact]
    public Task A_token_without_a_signature_is_refused()
    {
        var claims = Tokens.Operator().Split('.')[1];
        return RefusedAsync("TOKEN_NOT_TRUSTED", $"eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.{claims}.");
    }

    [Fact]
    public Task An_agent_that_is_also_somebody_else_is_refused() =>
        RefusedAsync("ROLES_CONFLICT", Tokens.Key.Mint("agent:x", ["agent", "superuser"], "x", Hour, TimeProvider.System));

    [Fact]
    public Task An_agent_without_an_id_is_refused() =>
        RefusedAsync("AGENT_ID_MISSING", Tokens.Key.Mint("agent:x", ["agent"], null, Hour, TimeProvider.System));

    [Theory]
    [InlineData("root")]
    [InlineData("OPERATOR")]
    [InlineData("role_unspecified")]
    public async Task A_role_that_is_not_ours_opens_nothing(string role)
    {
        var client = await platform.ClientAsync<Client>(Tokens.Key.Mint("user:x", [role], null, Hour, TimeProvider.System));
        await Refusal.ExpectAsync(StatusCode.PermissionDenied, "ROLE_MISSING", async () => await client.ListSessionsAsync(new ListSessionsRequest()));
    }

    private async Task RefusedAsync(string reason, string? token)
    {
        var client = await platform.ClientAsync<Client>(token);
        await Refusal.ExpectAsync(StatusCode.Unauthenticated, reason, async () => await client.ListSessionsAsync(new ListSessionsRequest()));
    }
}
