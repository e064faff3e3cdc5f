using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.WellKnownTypes;
using Client = AgentPlatform.Contracts.Session.V1.TaskService.TaskServiceClient;

namespace AgentPlatform.Tests.Sessions;

/// <summary>Calls that most tests of tasks between roles begin with.</summary>
public static class TaskCalls
{
    public static CreateTaskRequest NewTask(string key = "", string sessionId = "") => new()
    {
        Type = "invoice.check",
        FromRole = "manager",
        ToRole = "finance",
        Payload = Struct.Parser.ParseJson("""{"invoice": "2026-0001"}"""),
        IdempotencyKey = key,
        SessionId = sessionId,
    };

    public static async Task<RoleTask> SendAsync(this Client client, CreateTaskRequest? request = null) => (await client.CreateTaskAsync(request ?? NewTask())).Task;

    public static async Task<RoleTask> ReadAsync(this Client client, string id) => (await client.GetTaskAsync(new GetTaskRequest { Id = id })).Task;

    public static async Task<RoleTask> MoveAsync(this Client client, string id, RoleTaskStatus to, string assignedTo = "") =>
        (await client.TransitionTaskAsync(new TransitionTaskRequest { Id = id, Status = to, AssignedTo = assignedTo })).Task;
}
