using AgentPlatform.Contracts.Registry.V1;
using AgentPlatform.Tests.Registries;
using Google.Protobuf;

namespace AgentPlatform.Tests.Platforms;

/// <summary>A request for each RPC that changes a task of an agent, with what it takes to succeed.</summary>
public sealed class TaskMutations(Platform platform)
{
    private const string Id = "task-mutator";

    public async Task<(string Token, IMessage Request)> RequestAsync(string method)
    {
        var agent = await TaskAgent.RegisterAsync(platform, Id);
        var person = await platform.ClientAsync<AgentTaskService.AgentTaskServiceClient>(Tokens.Operator());
        CreateTaskRequest creation = new() { AgentId = Id, Task = new TaskSpec { Type = "test.run" } };
        if (method is "CreateTask")
            return (Tokens.Operator(), creation);
        if (method is "CreateTasks")
            return (Tokens.Operator(), new CreateTasksRequest { Tasks = { creation, creation } });
        var made = (await person.CreateTaskAsync(creation)).Task;
        if (method is "PollTasks")
            return (Tokens.Agent(Id), new PollTasksRequest { Epoch = agent.Epoch });
        if (method is "CancelTask")
            return (Tokens.Operator(), new CancelTaskRequest { Id = made.Id });
        var task = await agent.StartedAsync();
        if (method is "ReplayTask")
            await agent.FailAsync(task, permanent: true);
        var (id, fence) = (task.Id, agent.FenceOf(task));
        return method switch
        {
            "StartTask" => (Tokens.Agent(Id), new StartTaskRequest { Id = id, Fence = fence }),
            "ReportProgress" => (Tokens.Agent(Id), new ReportProgressRequest { Id = id, Fence = fence, Percent = 10 }),
            "ExtendTask" => (Tokens.Agent(Id), new ExtendTaskRequest { Id = id, Fence = fence }),
            "CompleteTask" => (Tokens.Agent(Id), new CompleteTaskRequest { Id = id, Fence = fence }),
            "FailTask" => (Tokens.Agent(Id), new FailTaskRequest { Id = id, Fence = fence, Reason = "NO_LUCK" }),
            "ReplayTask" => (Tokens.Operator(), new ReplayTaskRequest { Id = id }),
            _ => throw new InvalidOperationException($"{method} takes an idempotency key; add a request for it here."),
        };
    }
}
