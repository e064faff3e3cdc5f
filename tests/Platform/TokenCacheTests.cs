using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace AgentPlatform.Tests.Platforms;

public sealed class TokenCacheTests
{
    private static readonly TokenValidationParameters Parameters = new();

    private readonly ManualClock _clock = new();
    private readonly CheckingHandler _check = new();
    private readonly CachingTokenHandler _cache;

    public TokenCacheTests() => _cache = new CachingTokenHandler(_check, _clock);

    [Fact]
    public async Task A_token_that_was_found_valid_is_not_checked_again_for_a_while()
    {
        var (mine, other) = (Mint("mine", TimeSpan.FromHours(1)), Mint("other", TimeSpan.FromHours(1)));
        var first = await _cache.ValidateTokenAsync(mine, Parameters);
        Assert.Same(first, await _cache.ValidateTokenAsync(mine, Parameters));
        Assert.Equal("other", ((JsonWebToken)(await _cache.ValidateTokenAsync(other, Parameters)).SecurityToken).Subject);
        Assert.Equal(2, _check.Count);
    }

    [Fact]
    public async Task Within_a_minute_it_is_checked_again_however_often_it_is_used()
    {
        var token = Mint("busy", TimeSpan.FromHours(1));
        var lastChecked = TimeSpan.Zero;
        for (var (now, checks) = (TimeSpan.Zero, 0); now < TimeSpan.FromMinutes(5); now += TimeSpan.FromSeconds(7))
        {
            await _cache.ValidateTokenAsync(token, Parameters);
            // Others come and go as well, and make room for themselves.
            await _cache.ValidateTokenAsync(Mint($"other-{now.Ticks}", TimeSpan.FromHours(1)), Parameters);
            if (_check.CountOf(token) > checks)
                (lastChecked, checks) = (now, _check.CountOf(token));
            Assert.InRange(now - lastChecked, TimeSpan.Zero, CachingTokenHandler.Longest);
            _clock.Advance(TimeSpan.FromSeconds(7));
        }
        Assert.InRange(_check.CountOf(token), 5, 12);
    }

    [Fact]
    public async Task From_the_moment_that_it_expires_every_use_is_checked()
    {
        var token = Mint("short", TimeSpan.FromSeconds(10));
        await _cache.ValidateTokenAsync(token, Parameters);
        _clock.Advance(TimeSpan.FromSeconds(10));
        _check.Refuse = true;
        Assert.False((await _cache.ValidateTokenAsync(token, Parameters)).IsValid);
    }

    [Fact]
    public async Task What_was_refused_is_checked_every_time()
    {
        var token = Mint("stranger", TimeSpan.FromHours(1));
        _check.Refuse = true;
        Assert.False((await _cache.ValidateTokenAsync(token, Parameters)).IsValid);
        _check.Refuse = false;
        Assert.True((await _cache.ValidateTokenAsync(token, Parameters)).IsValid);
    }

    [Fact]
    public async Task Many_tokens_push_the_first_ones_out()
    {
        const int More = 10_000;
        var first = Mint("first", TimeSpan.FromHours(1));
        await _cache.ValidateTokenAsync(first, Parameters);
        for (var i = 0; i < More; i++)
            await _cache.ValidateTokenAsync(Mint($"n{i}", TimeSpan.FromHours(1)), Parameters);
        await _cache.ValidateTokenAsync(first, Parameters);
        Assert.Equal(2, _check.CountOf(first));
    }

    private string Mint(string subject, TimeSpan lifetime) => new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
    {
        Claims = new Dictionary<string, object> { ["sub"] = subject },
        Expires = (_clock.GetUtcNow() + lifetime).UtcDateTime,
    });

    /// <summary>Stands for the real check, which takes its time; says yes unless told otherwise.</summary>
    private sealed class CheckingHandler : TokenHandler
    {
        private readonly List<string> _tokens = [];

        public bool Refuse { get; set; }

        public int Count => _tokens.Count;

        public int CountOf(string token) => _tokens.Count(t => t == token);

        public override Task<TokenValidationResult> ValidateTokenAsync(string token, TokenValidationParameters validationParameters)
        {
            _tokens.Add(token);
            return Task.FromResult(new TokenValidationResult { IsValid = !Refuse, SecurityToken = new JsonWebToken(token) });
        }
    }
}
