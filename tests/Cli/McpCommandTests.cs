using AgentPlatform.Cli;
using ModelContextProtocol;
using ModelContextProtocol.Client;

namespace AgentPlatform.Tests.Commands;

/// <summary><c>agentctl mcp</c> as a client's program.</summary>
public sealed class McpCommandTests(Platform platform) : IClassFixture<Platform>
{
    [Fact]
    public async Task A_client_that_starts_a_program_gets_the_gateways_tools()
    {
        var gateway = await platform.StartAsync("gateway");
        await using var client = await ConnectAsync(gateway.HttpAddress, Tokens.Operator("bridge"));
        Assert.Contains("send_task", (await client.ListToolsAsync()).Select(t => t.Name));

        var sent = await client.CallToolAsync("send_task", new Dictionary<string, object?> { ["type"] = "invoice.check", ["fromRole"] = "sales", ["toRole"] = "finance" });
        var id = sent.StructuredContent!.Value.GetProperty("task").GetProperty("id").GetString()!;
        // One call waits; others are answered meanwhile.
        var told = new TaskCompletionSource();
        var waiting = client.CallToolAsync("await_task", new Dictionary<string, object?> { ["id"] = id, ["waitSeconds"] = 60 }, new Told(told)).AsTask();
        await told.Task;
        var refused = await client.CallToolAsync("get_session", new Dictionary<string, object?> { ["id"] = Guid.CreateVersion7().ToString() });
        Assert.True(refused.IsError);
        Assert.False(waiting.IsCompleted);
        var tasks = await platform.ClientAsync<Contracts.Session.V1.TaskService.TaskServiceClient>(Tokens.Operator());
        await tasks.TransitionTaskAsync(new Contracts.Session.V1.TransitionTaskRequest { Id = id, Status = Contracts.Session.V1.RoleTaskStatus.Cancelled });
        Assert.Equal("ROLE_TASK_STATUS_CANCELLED", (await waiting).StructuredContent!.Value.GetProperty("task").GetProperty("status").GetString());
    }

    [Fact]
    public async Task What_cannot_be_passed_on_is_an_error_and_no_silence()
    {
        using var agentctl = new Agentctl();
        var (exitCode, _, errors) = await agentctl.RunAsync("mcp");
        Assert.Equal((ExitCode.Failed, true), (exitCode, errors.Contains("does not run", StringComparison.Ordinal)));
        (exitCode, _, errors) = await agentctl.RunAsync("mcp", "--role", "agent");
        Assert.Equal((ExitCode.WrongUsage, true), (exitCode, errors.Contains("--agent", StringComparison.Ordinal)));

        var gateway = await platform.StartAsync("gateway");
        var refused = await Assert.ThrowsAnyAsync<McpException>(async () => await ConnectAsync(gateway.HttpAddress, "nonsense"));
        Assert.Contains("401", refused.Message, StringComparison.Ordinal);
    }

    private static Task<McpClient> ConnectAsync(string url, string token) => McpClient.CreateAsync(new StdioClientTransport(new StdioClientTransportOptions
    {
        Command = "dotnet",
        Arguments = [Path.Combine(AppContext.BaseDirectory, "agentctl.dll"), "mcp", "--url", url],
        EnvironmentVariables = new Dictionary<string, string?> { ["AGENTPLATFORM_TOKEN"] = token },
    }));

    private sealed class Told(TaskCompletionSource first) : IProgress<ProgressNotificationValue>
    {
        public void Report(ProgressNotificationValue value) => first.TrySetResult();
    }
}
