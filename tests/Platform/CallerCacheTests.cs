using AgentPlatform.Contracts.Access.V1;

namespace AgentPlatform.Tests.Platforms;

public sealed class CallerCacheTests
{
    private readonly ManualClock _clock = new();
    private readonly CallerCache _cache;

    public CallerCacheTests() => _cache = new CallerCache(_clock);

    [Fact]
    public void Whose_token_was_found_valid_is_known_by_that_token_alone()
    {
        Keep("mine", TimeSpan.FromHours(1));
        Keep("other", TimeSpan.FromHours(1));
        Assert.Equal(("mine", "other"), (_cache.Find("Bearer mine")!.Subject, _cache.Find("Bearer other")!.Subject));
        Assert.Null(_cache.Find("Bearer mine "));
        Assert.Null(_cache.Find("Bearer Mine"));
        Assert.Null(_cache.Find(""));
    }

    [Fact]
    public void It_is_forgotten_in_time_however_often_it_is_used()
    {
        var (keptAt, kept) = (TimeSpan.Zero, 0);
        for (var now = TimeSpan.Zero; now < CallerCache.Longest * 5; now += TimeSpan.FromSeconds(31))
        {
            if (_cache.Find("Bearer busy") is null)
            {
                Keep("busy", TimeSpan.FromHours(1));
                (keptAt, kept) = (now, kept + 1);
            }
            // Others come and go as well, and make room for themselves.
            Keep($"other-{now.Ticks}", TimeSpan.FromHours(1));
            Assert.InRange(now - keptAt, TimeSpan.Zero, CallerCache.Longest);
            _clock.Advance(TimeSpan.FromSeconds(31));
        }
        Assert.InRange(kept, 5, 12);
    }

    [Fact]
    public void From_the_moment_that_it_expires_it_is_not_known()
    {
        Keep("short", TimeSpan.FromSeconds(10));
        _clock.Advance(TimeSpan.FromSeconds(9));
        Assert.NotNull(_cache.Find("Bearer short"));
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(_cache.Find("Bearer short"));
    }

    [Fact]
    public void Nobody_is_known_when_the_clock_was_set_back()
    {
        Keep("early", TimeSpan.FromHours(1));
        _clock.Advance(TimeSpan.FromSeconds(-1));
        Assert.Null(_cache.Find("Bearer early"));
    }

    [Fact]
    public void Very_many_push_the_first_ones_out()
    {
        const int More = 300_000;
        Keep("first", TimeSpan.FromHours(1));
        for (var i = 0; i < More; i++)
            Keep($"n{i}", TimeSpan.FromHours(1));
        Assert.Null(_cache.Find("Bearer first"));
        Assert.NotNull(_cache.Find($"Bearer n{More - 1}"));
    }

    private void Keep(string subject, TimeSpan lifetime) =>
        _cache.Keep($"Bearer {subject}", new Caller { Subject = subject, Roles = [Role.Operator] }, _clock.GetUtcNow() + lifetime);
}
