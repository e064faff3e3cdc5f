using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;
using Links = AgentPlatform.Contracts.Registry.V1.AgentLinkService.AgentLinkServiceClient;
using Stream = Grpc.Core.AsyncDuplexStreamingCall<AgentPlatform.Contracts.Registry.V1.ConnectRequest, AgentPlatform.Contracts.Registry.V1.ConnectResponse>;
using Tasks = AgentPlatform.Contracts.Registry.V1.AgentTaskService.AgentTaskServiceClient;

namespace AgentPlatform.Tests.Registries;

/// <summary>Tasks that a person makes for an agent, and the streams by which agents get them.</summary>
public static class TaskLinks
{
    public static Task<Tasks> TasksAsync(this Platform platform) => platform.ClientAsync<Tasks>(Tokens.Operator());

    /// <summary>Makes a task that, if it fails, is to be had again at once.</summary>
    public static async Task<AgentTask> CreateTaskAsync(this Platform platform, string agentId, string type = "n") =>
        (await (await platform.TasksAsync()).CreateTaskAsync(new CreateTaskRequest { AgentId = agentId, Task = new TaskSpec { Type = type, BackoffSeconds = 0 } })).Task;

    /// <summary>Opens an agent's stream and waits until it is welcome.</summary>
    public static async Task<Stream> OpenLinkAsync(this Platform platform, TaskAgent agent, int maxInFlight, params string[] running) =>
        await (await platform.ClientAsync<Links>(Tokens.Agent(agent.Id))).OpenAsync(agent, maxInFlight, running);

    /// <summary>The same at the instance that this client calls.</summary>
    public static async Task<Stream> OpenAsync(this Links links, TaskAgent agent, int maxInFlight, params string[] running)
    {
        var link = links.Connect();
        await link.RequestStream.WriteAsync(new ConnectRequest { Hello = new Hello { Epoch = agent.Epoch, MaxInFlight = maxInFlight, RunningTaskIds = { running } } });
        await link.NextAsync(r => r.Welcome);
        return link;
    }

    /// <summary>What the next message of this kind says, whatever else comes before it.</summary>
    public static async Task<T> NextAsync<T>(this Stream link, Func<ConnectResponse, T?> wanted) where T : class
    {
        while (await link.ResponseStream.MoveNext())
            if (wanted(link.ResponseStream.Current) is { } found)
                return found;
        throw new InvalidOperationException("The stream ended");
    }

    public static Task<AgentTask> NextTaskAsync(this Stream link) => link.NextAsync(r => r.Task);
}
