using AgentPlatform.Gateway;

namespace AgentPlatform.Tests.Gateways;

public sealed class RateRulesTests
{
    private readonly SteppedClock _clock = new();

    [Theory]
    [InlineData("registry.v1.RegistryService/Heartbeat", true, 1)]
    [InlineData("registry.v1.RegistryService/RegisterAgent", true, 1)]
    [InlineData("registry.v1.AgentLinkService/Connect", true, 1)]
    [InlineData("registry.v1.AgentTaskService/PollTasks", true, 1)]
    [InlineData("registry.v1.AgentTaskService/CompleteTask", true, 1)]
    [InlineData("registry.v1.TelemetryService/StreamTelemetry", true, 1)]
    [InlineData("costing.v1.SpendService/ReserveSpend", true, 1)]
    [InlineData("audit.v1.AuditService/LogAction", true, 1)]
    [InlineData("session.v1.SessionService/CreateSession", false, 1)]
    [InlineData("session.v1.SessionService/GetSession", false, 0.2)]
    [InlineData("session.v1.SessionService/WatchSession", false, 1)]
    [InlineData("vault.v1.VaultService/ReadFile", false, 1)]
    [InlineData("session.v9.SessionService/Unknown", false, 1)]
    public void The_contract_says_what_a_call_costs(string method, bool isMachine, double cost) =>
        Assert.Equal(new RateRule(isMachine, cost), Rules(new RateSettings()).Of($"/agentplatform.{method}"));

    [Fact]
    public async Task An_agent_whose_calls_are_used_up_still_beats()
    {
        var limiter = Limiter(new RateSettings { Calls = 1, Burst = 1, Machine = 60 });
        Assert.True((await Create(limiter)).IsAdmitted);
        Assert.False((await Create(limiter)).IsAdmitted);
        for (var i = 0; i < 60; i++)
            Assert.True((await Beat(limiter)).IsAdmitted);
        Assert.False((await Beat(limiter)).IsAdmitted);
    }

    [Fact]
    public async Task Tokens_come_in_evenly_up_to_the_burst_and_a_sweep_changes_nothing()
    {
        var limiter = Limiter(new RateSettings { Calls = 60, Burst = 3 });
        for (var i = 0; i < 3; i++)
            Assert.True((await Create(limiter)).IsAdmitted);
        var refused = await Create(limiter);
        Assert.Equal((false, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(3)), (refused.IsAdmitted, refused.RetryAfter, refused.FullIn));

        _clock.Step(TimeSpan.FromSeconds(0.9));
        limiter.Sweep();
        Assert.False((await Create(limiter)).IsAdmitted);
        _clock.Step(TimeSpan.FromSeconds(0.2));
        Assert.True((await Create(limiter)).IsAdmitted);

        _clock.Step(TimeSpan.FromHours(1));
        limiter.Sweep();
        for (var i = 0; i < 3; i++)
            Assert.True((await Create(limiter)).IsAdmitted);
        Assert.False((await Create(limiter)).IsAdmitted);
    }

    [Fact]
    public async Task Five_reads_cost_what_a_change_costs()
    {
        var limiter = Limiter(new RateSettings { Calls = 1, Burst = 1 });
        for (var i = 0; i < 5; i++)
            Assert.True((await limiter.TakeAsync("user:olga", "/agentplatform.session.v1.SessionService/GetSession")).IsAdmitted);
        Assert.False((await limiter.TakeAsync("user:olga", "/agentplatform.session.v1.SessionService/GetSession")).IsAdmitted);
    }

    [Fact]
    public async Task Zero_is_no_limit()
    {
        var limiter = Limiter(new RateSettings { Calls = 0, Machine = 0, Strangers = 0 });
        for (var i = 0; i < 1_000; i++)
            Assert.Equal(RateDecision.Unlimited, await Create(limiter));
        Assert.Equal(RateDecision.Unlimited, await Beat(limiter));
        Assert.Equal(RateDecision.Unlimited, limiter.LookAtStranger(null));
    }

    private static ValueTask<RateDecision> Create(RateLimiter limiter) => limiter.TakeAsync("agent:a", "/agentplatform.session.v1.SessionService/CreateSession");

    private static ValueTask<RateDecision> Beat(RateLimiter limiter) => limiter.TakeAsync("agent:a", "/agentplatform.registry.v1.RegistryService/Heartbeat");

    private static RateRules Rules(RateSettings settings) => new(new AccessRules(), settings);

    private RateLimiter Limiter(RateSettings settings) => new(settings, Rules(settings), _clock);

    private sealed class SteppedClock : TimeProvider
    {
        private long _ticks = TimeSpan.TicksPerDay;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _ticks;

        public void Step(TimeSpan by) => _ticks += by.Ticks;
    }
}
