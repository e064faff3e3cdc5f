using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Registry;

/// <summary>Heartbeats as agents send them, in calls of their own or over their streams, and what they are answered.</summary>
public sealed class Heartbeats(Database database, Presence presence, AgentViews views, RegistrySettings settings)
{
    private const int RunningMaximum = 1_000;

    public async Task<HeartbeatResponse> BeatAsync(HeartbeatRequest request, ServerCallContext context)
    {
        var running = Check(request);
        var agentId = context.Caller().AgentId;
        var view = await presence.BeatAsync(agentId, new Beat(request.Epoch, database.Now, request.Health, request.LoadPercent, running.Length));
        // It may have got some of them since the view was read.
        if (!running.All(view.HeldTasks.Contains))
            view = await views.ReadAsync(agentId) ?? view;
        return new HeartbeatResponse
        {
            HeartbeatInterval = settings.HeartbeatInterval.ToDuration(),
            ConfigVersion = view.Standing.ConfigVersion,
            WaitingTasks = view.WaitingTasks,
            CancelTaskIds = { view.Standing.CancelTasks.Select(id => id.ToString()) },
            LostTaskIds = { running.Where(id => !view.HeldTasks.Contains(id)).Select(id => id.ToString()) },
        };
    }

    private static Guid[] Check(HeartbeatRequest request)
    {
        var checks = new FieldChecks()
            .Require(request.Epoch > 0, "epoch", "is required, and positive")
            .KnownOrUnspecified("health", request.Health)
            .Require(request.LoadPercent is >= 0 and <= 100, "load_percent", "must be 0 to 100")
            .Require(request.RunningTaskIds.Count <= RunningMaximum, "running_task_ids", $"has {request.RunningTaskIds.Count:N0} ids; at most {RunningMaximum:N0} are allowed");
        var running = new Guid[Math.Min(request.RunningTaskIds.Count, RunningMaximum)];
        for (var i = 0; i < running.Length; i++)
            checks.Id($"running_task_ids[{i}]", request.RunningTaskIds[i], out running[i]);
        checks.ThrowIfAny();
        return running;
    }
}
