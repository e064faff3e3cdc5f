using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using AgentClient = AgentPlatform.Contracts.Registry.V1.RegistryService.RegistryServiceClient;
using Machine = AgentPlatform.Contracts.Registry.V1.Platform;
using Tasks = AgentPlatform.Contracts.Registry.V1.AgentTaskService.AgentTaskServiceClient;

namespace AgentPlatform.Tests.Registries;

/// <summary>An agent of a test, registered: it polls, starts, completes and fails.</summary>
public sealed class TaskAgent(string id, AgentClient registry, Tasks tasks)
{
    public string Id => id;

    public long Epoch { get; private set; }

    public Tasks Tasks => tasks;

    public AgentClient Registry => registry;

    public static async Task<TaskAgent> RegisterAsync(Platform platform, string id, string[]? roles = null, string[]? capabilities = null, string[]? tags = null)
    {
        var token = Tokens.Agent(id);
        var agent = new TaskAgent(id, await platform.ClientAsync<AgentClient>(token), await platform.ClientAsync<Tasks>(token));
        await agent.RegisterAgainAsync(roles, capabilities, tags);
        return agent;
    }

    public async Task RegisterAgainAsync(string[]? roles = null, string[]? capabilities = null, string[]? tags = null) =>
        Epoch = (await registry.RegisterAgentAsync(new RegisterAgentRequest
        {
            Platform = Machine.Linux,
            Version = "1",
            Roles = { roles ?? [] },
            Capabilities = { capabilities ?? [] },
            Tags = { tags ?? [] },
        })).Agent.Epoch;

    public async Task<List<AgentTask>> PollAsync(int atMost = 1, double waitSeconds = 0) =>
        [.. (await tasks.PollTasksAsync(new PollTasksRequest { Epoch = Epoch, MaxTasks = atMost, Wait = TimeSpan.FromSeconds(waitSeconds).ToDuration() })).Tasks];

    public async Task<AgentTask> TakeAsync() => Assert.Single(await PollAsync(1, 10));

    /// <summary>Takes a task once it is there, however it comes to be.</summary>
    public async Task<AgentTask> StartedAsync()
    {
        var task = await TakeAsync();
        await StartAsync(task);
        return task;
    }

    public Fence FenceOf(AgentTask task) => new() { Epoch = Epoch, Attempt = task.Attempt };

    public async Task StartAsync(AgentTask task) => await tasks.StartTaskAsync(new StartTaskRequest { Id = task.Id, Fence = FenceOf(task) });

    public async Task CompleteAsync(AgentTask task, Struct? result = null) =>
        await tasks.CompleteTaskAsync(new CompleteTaskRequest { Id = task.Id, Fence = FenceOf(task), Result = result });

    public async Task<AgentTaskStatus> FailAsync(AgentTask task, bool permanent = false) =>
        (await tasks.FailTaskAsync(new FailTaskRequest { Id = task.Id, Fence = FenceOf(task), Reason = "NO_LUCK", Message = "It did not work", Permanent = permanent })).Status;
}
