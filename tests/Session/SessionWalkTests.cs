using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Sessions;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.SessionService.SessionServiceClient;
using Enum = System.Enum;

namespace AgentPlatform.Tests.Sessions;

/// <summary>Random walks through a session's life, each step compared with a model that is written down once more here, in other words.</summary>
public sealed class SessionWalkTests(Platform platform) : IClassFixture<Platform>
{
    private const int Walks = 25;
    private const int Steps = 20;
    private static readonly SessionStatus[] All = [.. Enum.GetValues<SessionStatus>().Where(s => s != SessionStatus.Unspecified)];

    // From where each state can be reached.
    private static readonly Dictionary<SessionStatus, SessionStatus[]> ReachedFrom = new()
    {
        [SessionStatus.Pending] = [],
        [SessionStatus.Active] = [SessionStatus.Pending],
        [SessionStatus.Completed] = [SessionStatus.Active],
        [SessionStatus.Failed] = [SessionStatus.Active],
        [SessionStatus.Cancelled] = [SessionStatus.Pending, SessionStatus.Active],
        [SessionStatus.Expired] = [SessionStatus.Pending, SessionStatus.Active],
    };

    [Fact]
    public void The_table_of_steps_is_the_one_that_is_written_here()
    {
        foreach (var (from, to) in All.SelectMany(from => All.Select(to => (from, to))))
            Assert.Equal(ReachedFrom[to].Contains(from), SessionRules.IsLegal(from, to));
    }

    [Fact]
    public async Task Whatever_is_tried_a_session_is_where_its_legal_steps_have_led_it()
    {
        var agent = await platform.ClientAsync<Client>(Tokens.Agent("walker"));
        var ends = new HashSet<SessionStatus>();
        await Parallel.ForEachAsync(Enumerable.Range(0, Walks), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (seed, _) =>
        {
            var random = new Random(seed);
            var model = new Model(await agent.CreateAsync());
            for (var step = 0; step < Steps; step++)
            {
                var (what, expected, call) = Choose(random, agent, model);
                var outcome = await OutcomeAsync(call);
                Assert.True(expected == outcome, $"Walk {seed}, step {step}, {model}: {what} should be {expected} and was {outcome}.");
            }
            var end = await agent.ReadAsync(model.Id);
            Assert.Equal((model.Status, model.Version, model.Events, model.IsEnded), (end.Status, end.Version, end.LastSequence, end.EndTime is not null));
            lock (ends)
                ends.Add(end.Status);
        });
        // Walks that all stop at the same place would show little.
        Assert.True(ends.Count >= 4, string.Join(", ", ends));
    }

    // A step, what must come of it, and how the model changes with it.
    private static (string What, string Expected, Func<Task> Call) Choose(Random random, Client agent, Model model)
    {
        // Ends are easily reached; were all states as likely, nothing would happen after the third step.
        var to = random.Next(3) == 0 ? All[random.Next(All.Length)] : SessionStatus.Active;
        var version = random.Next(3) switch { 0 => 0, 1 => model.Version, _ => model.Version - 1 };
        // Version 1 less one is 0, which takes any.
        var isStale = version != 0 && version != model.Version;
        switch (random.Next(4))
        {
            case 0:
                var isLegal = ReachedFrom[to].Contains(model.Status);
                var move = new TransitionSessionRequest { Id = model.Id, Status = to, Version = version };
                var expected = isStale ? "CONCURRENT_UPDATE" : isLegal ? "OK" : "ILLEGAL_TRANSITION";
                if (expected == "OK")
                    (model.Status, model.Version) = (to, model.Version + 1);
                return ($"to {to} at {version}", expected, async () => await agent.TransitionSessionAsync(move));
            case 1:
                var update = new UpdateSessionRequest { Id = model.Id, UpdateMask = new FieldMask { Paths = { "task" } }, Task = $"{random.Next()}", Version = version };
                expected = isStale ? "CONCURRENT_UPDATE" : model.IsEnded ? "SESSION_ENDED" : "OK";
                model.Version += expected == "OK" ? 1 : 0;
                return ($"update at {version}", expected, async () => await agent.UpdateSessionAsync(update));
            case 2:
                var count = random.Next(1, 4);
                expected = model.IsEnded ? "SESSION_ENDED" : "OK";
                model.Events += expected == "OK" ? count : 0;
                return ($"append {count}", expected, () => agent.AppendAsync(model.Id, count));
            default:
                expected = model.IsEnded ? "SESSION_ENDED" : "OK";
                return ("count", expected, async () => await agent.UpdateContextAsync(new UpdateContextRequest { SessionId = model.Id, Increments = { ["n"] = 1 } }));
        }
    }

    private static async Task<string> OutcomeAsync(Func<Task> call)
    {
        try
        {
            await call();
            return "OK";
        }
        catch (RpcException e) { return Refusal.From(e).Reason; }
    }

    private sealed class Model(Session session)
    {
        public string Id { get; } = session.Id;

        public SessionStatus Status { get; set; } = SessionStatus.Pending;

        public long Version { get; set; } = 1;

        public long Events { get; set; }

        public bool IsEnded => Status is not SessionStatus.Pending and not SessionStatus.Active;

        public override string ToString() => $"now {Status}, version {Version}, {Events} events";
    }
}
