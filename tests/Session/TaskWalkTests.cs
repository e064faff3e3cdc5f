using AgentPlatform.Contracts.Session.V1;
using AgentPlatform.Sessions;
using Grpc.Core;
using Client = AgentPlatform.Contracts.Session.V1.TaskService.TaskServiceClient;
using Enum = System.Enum;

namespace AgentPlatform.Tests.Sessions;

/// <summary>Random walks through a task's life by its sender, its doer and a person, each step compared with a model that is written down once more here.</summary>
public sealed class TaskWalkTests(Platform platform) : IClassFixture<Platform>
{
    private const int Walks = 25;
    private const int Steps = 16;
    private static readonly RoleTaskStatus[] All = [.. Enum.GetValues<RoleTaskStatus>().Where(s => s != RoleTaskStatus.Unspecified)];

    // From where each state can be reached.
    private static readonly Dictionary<RoleTaskStatus, RoleTaskStatus[]> ReachedFrom = new()
    {
        [RoleTaskStatus.Pending] = [],
        [RoleTaskStatus.Assigned] = [RoleTaskStatus.Pending],
        [RoleTaskStatus.InProgress] = [RoleTaskStatus.Assigned, RoleTaskStatus.InProgress],
        [RoleTaskStatus.Completed] = [RoleTaskStatus.InProgress],
        [RoleTaskStatus.Failed] = [RoleTaskStatus.InProgress],
        [RoleTaskStatus.Timeout] = [RoleTaskStatus.Pending, RoleTaskStatus.Assigned, RoleTaskStatus.InProgress],
        [RoleTaskStatus.Cancelled] = [RoleTaskStatus.Pending, RoleTaskStatus.Assigned, RoleTaskStatus.InProgress],
    };

    [Fact]
    public void The_table_of_steps_is_the_one_that_is_written_here()
    {
        foreach (var (from, to) in All.SelectMany(from => All.Select(to => (from, to))))
            Assert.Equal(ReachedFrom[to].Contains(from), TaskRules.IsLegal(from, to));
    }

    [Fact]
    public async Task Whatever_is_tried_a_task_is_where_its_legal_steps_have_led_it()
    {
        var (sender, doer, person) = (await As(Tokens.Agent("walk-sender")), await As(Tokens.Agent("walk-doer")), await As(Tokens.Operator("olga")));
        var ends = new HashSet<RoleTaskStatus>();
        await Parallel.ForEachAsync(Enumerable.Range(0, Walks), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (seed, _) =>
        {
            var random = new Random(seed);
            var task = await sender.SendAsync();
            var (state, version, isAssigned) = (RoleTaskStatus.Pending, 1L, false);
            for (var step = 0; step < Steps; step++)
            {
                // Ends are easily reached; were all states as likely, nothing would happen after the third step.
                var to = random.Next(3) == 0 ? All[random.Next(2, All.Length)] : RoleTaskStatus.InProgress;
                if (state == RoleTaskStatus.Pending && random.Next(2) == 0)
                    to = RoleTaskStatus.Assigned;
                var (who, client) = random.Next(3) switch { 0 => ("sender", sender), 1 => ("doer", doer), _ => ("person", person) };
                var expected = Expect(who, to, state, isAssigned);
                var outcome = await TryAsync(() => client.MoveAsync(task.Id, to, to == RoleTaskStatus.Assigned ? "walk-doer" : ""));
                Assert.True(expected == outcome, $"Walk {seed}, step {step}: {who} from {state} to {to} should be {expected} and was {outcome}.");
                if (outcome == "OK")
                    (state, version, isAssigned) = (to, version + 1, isAssigned || to == RoleTaskStatus.Assigned);
            }
            var end = await person.ReadAsync(task.Id);
            Assert.Equal((state, version), (end.Status, end.Version));
            lock (ends)
                ends.Add(end.Status);
        });
        // Walks that all stop at the same place would show little.
        Assert.True(ends.Count >= 3, string.Join(", ", ends));
    }

    private static string Expect(string who, RoleTaskStatus to, RoleTaskStatus state, bool isAssigned)
    {
        if (to == RoleTaskStatus.Timeout)
            return Errors.InvalidFieldReason;
        if (who == "doer" && !isAssigned)
            return "TASK_NOT_FOUND";
        var may = who == "person"
            || who == "sender" && to == RoleTaskStatus.Cancelled
            || who == "doer" && to is RoleTaskStatus.InProgress or RoleTaskStatus.Completed or RoleTaskStatus.Failed;
        return !may ? "NOT_YOUR_STEP" : ReachedFrom[to].Contains(state) ? "OK" : "ILLEGAL_TRANSITION";
    }

    private static async Task<string> TryAsync(Func<Task> call)
    {
        try
        {
            await call();
            return "OK";
        }
        catch (RpcException e) { return Refusal.From(e).Reason; }
    }

    private Task<Client> As(string token) => platform.ClientAsync<Client>(token);
}
