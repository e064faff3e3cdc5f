using System.Text.Json;
using AgentPlatform.Cli;
using AgentPlatform.Tests.Registries;

namespace AgentPlatform.Tests.Commands;

/// <summary><c>agentctl agent</c>, <c>task</c> and <c>queue</c> as a process, through a gateway, at a registry.</summary>
public sealed class FleetCommandTests(Platform platform) : IClassFixture<Platform>, IAsyncLifetime
{
    private readonly Agentctl _agentctl = new();
    private readonly string _id = $"cli-{Guid.NewGuid():N}";
    private TaskAgent _agent = null!;

    public async ValueTask InitializeAsync()
    {
        var gateway = await platform.StartAsync("gateway");
        _agentctl.WriteRunNote(gateway: gateway.GrpcAddress);
        Tokens.Key.Save(_agentctl.PathOf("development-key.pem"));
        _agent = await TaskAgent.RegisterAsync(platform, _id, ["finance"], tags: [_id]);
    }

    public ValueTask DisposeAsync()
    {
        _agentctl.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Agents_are_listed_shown_quarantined_and_released()
    {
        Assert.Contains(_id, await OkAsync("agent", "list", "--tag", _id), StringComparison.Ordinal);
        Assert.Equal(_id, Json(await OkAsync("agent", "list", "--tag", _id, "--role", "finance", "--online", "false", "--json")).GetProperty("id").GetString());
        Assert.Contains("QUARANTINED  odd", await OkAsync("agent", "quarantine", _id, "--reason", "odd"), StringComparison.Ordinal);
        Assert.Contains("odd", await OkAsync("agent", "show", _id), StringComparison.Ordinal);
        Assert.Contains("ACTIVE", await OkAsync("agent", "release", _id), StringComparison.Ordinal);
        Assert.Contains("There are no such agents", (await RunAsync("agent", "list", "--tag", $"{_id}-not")).Errors, StringComparison.Ordinal);
        Assert.NotEqual(ExitCode.Ok, (await RunAsync("agent", "enable", "nobody-has-this-id")).ExitCode);
    }

    [Fact]
    public async Task Tasks_are_made_queued_followed_cancelled_and_replayed()
    {
        var id = (await OkAsync("task", "create", "report.build", "--agent", _id, "--payload", """{"month": 3}""", "--priority", "7")).Trim();
        Assert.Contains(id, await OkAsync("queue", _id), StringComparison.Ordinal);
        Assert.Equal("1", Json(await OkAsync("queue", _id, "--json")).GetProperty("position").GetString());
        Assert.Contains("CANCELLED", await OkAsync("task", "cancel", id), StringComparison.Ordinal);
        Assert.Contains(id, await OkAsync("task", "list", "--agent", _id, "--status", "cancelled"), StringComparison.Ordinal);
        Assert.Contains("PENDING", await OkAsync("task", "replay", id), StringComparison.Ordinal);
        await _agent.CompleteAsync(await _agent.StartedAsync());
        Assert.Contains("COMPLETED", await OkAsync("task", "watch", id), StringComparison.Ordinal);
        Assert.Equal(7, Json(await OkAsync("task", "show", id)).GetProperty("priority").GetInt32());
        Assert.StartsWith("1 tasks, --parent ", await OkAsync("task", "create", "report.build", "--tag", _id, "--all"), StringComparison.Ordinal);
        Assert.NotEqual(ExitCode.Ok, (await RunAsync("task", "create", "report.build", "--agent", _id, "--payload", "[1")).ExitCode);
    }

    private static JsonElement Json(string line) => JsonDocument.Parse(line).RootElement;

    private Task<(int ExitCode, string Output, string Errors)> RunAsync(params string[] arguments) => _agentctl.RunAsync(arguments);

    private async Task<string> OkAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await RunAsync(arguments);
        Assert.True(exitCode == ExitCode.Ok, errors);
        return output;
    }
}
