using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>Takes tasks for an agent in a call of its own, and waits for the first one.</summary>
public sealed class TaskPolls(Database database, LeaseStore leases, AgentStore agents, Dispatcher dispatcher, AgentTurns turns, StreamGate gate, TimeProvider clock)
{
    /// <summary>The most that one agent holds at a time, however it took them.</summary>
    public const int HeldMaximum = 1_000;

    public async Task<PollTasksResponse> PollAsync(PollTasksRequest request, ServerCallContext context)
    {
        AgentTaskChecks.Check(request, out var atMost, out var wait);
        PollTasksResponse? answer = null;
        await gate.RunAsync(context, async stop => answer = await PollAsync(request.Epoch, atMost, wait, context, stop));
        return answer!;
    }

    private async Task<PollTasksResponse> PollAsync(long epoch, int atMost, TimeSpan wait, ServerCallContext context, CancellationToken stop)
    {
        var agentId = context.Caller().AgentId;
        var agent = RegistryRules.CheckMayWork(await agents.FindAsync(agentId, context), agentId, epoch);
        using var waiter = dispatcher.Enter(agent);
        var begunAt = clock.GetTimestamp();
        while (true)
        {
            var left = wait - clock.GetElapsedTime(begunAt);
            if (await turns.TakeAsync(() => ClaimAsync(agentId, epoch, atMost, isLast: left <= TimeSpan.Zero, context), stop) is { } answer)
                return answer;
            await waiter.WaitAsync(left, stop);
        }
    }

    // Null when there was nothing, and another look is to come.
    private async Task<PollTasksResponse?> ClaimAsync(string agentId, long epoch, int atMost, bool isLast, ServerCallContext context)
    {
        await using var work = await database.BeginAsync(context);
        var taken = await leases.ClaimAsync(work, agentId, epoch, atMost, HeldMaximum);
        return taken.Count > 0 || isLast ? await work.CommitAsync(new PollTasksResponse { Tasks = { taken.Select(t => t.ToProto()) } }) : null;
    }
}
