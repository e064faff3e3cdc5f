using System.Text.Json;
using AgentPlatform.Cli;
using AgentPlatform.Tests.Registries;

namespace AgentPlatform.Tests.Commands;

/// <summary><c>agentctl schedule</c> and <c>config</c> as processes, through a gateway, at a registry.</summary>
public sealed class ScheduleCommandTests(Platform platform) : IClassFixture<Platform>, IAsyncLifetime
{
    private readonly Agentctl _agentctl = new();
    private readonly string _id = $"cli-{Guid.NewGuid():N}";

    public async ValueTask InitializeAsync()
    {
        var gateway = await platform.StartAsync("gateway");
        _agentctl.WriteRunNote(gateway: gateway.GrpcAddress);
        Tokens.Key.Save(_agentctl.PathOf("development-key.pem"));
    }

    public ValueTask DisposeAsync()
    {
        _agentctl.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task A_schedule_is_made_shown_changed_triggered_paused_and_deleted()
    {
        var agent = await TaskAgent.RegisterAsync(platform, _id, tags: [_id]);
        var told = await OkAsync("schedule", "preview", "30 2 * * *", "--zone", "Africa/Johannesburg", "--count", "2");
        Assert.Equal(2, told.Split('\n').Count(l => l.Contains("T02:30:00+02:00", StringComparison.Ordinal) && l.Contains(" 00:30:00 UTC", StringComparison.Ordinal)));

        var made = Json(await OkAsync("schedule", "create", _id, "30 2 * * *", "audit.run", "--agent", _id, "--zone", "Africa/Johannesburg", "--missed", "all", "--overlap", "skip", "--end", "2099-01-01",
            "--payload", """{"deep": true}""", "--priority", "7", "--description", "What the night is for", "--json"));
        var shown = await OkAsync("schedule", "show", _id);
        Assert.All(["30 2 * * *", "Africa/Johannesburg", "all", "2099-01-01", "What the night is for", "audit.run", made.GetProperty("id").GetString()!], t => Assert.Contains(t, shown, StringComparison.Ordinal));
        Assert.Contains(_id, await OkAsync("schedule", "list", "--enabled", "true"), StringComparison.Ordinal);
        Assert.Contains("02:30:00+02:00", await OkAsync("schedule", "preview", _id), StringComparison.Ordinal);

        await OkAsync("schedule", "change", _id, "--cron", "@hourly", "--missed", "skip");
        var changed = Json(await OkAsync("schedule", "show", made.GetProperty("id").GetString()!, "--json")).GetProperty("spec");
        Assert.Equal(("@hourly", "MISSED_RUN_POLICY_SKIP", "What the night is for"),
            (changed.GetProperty("cron").GetString(), changed.GetProperty("missed_runs").GetString(), changed.GetProperty("description").GetString()));

        Assert.Contains("paused", await OkAsync("schedule", "pause", _id, "--reason", "holidays"), StringComparison.Ordinal);
        Assert.Contains("paused holidays", await OkAsync("schedule", "show", _id), StringComparison.Ordinal);
        Assert.StartsWith("CREATED  1 tasks", await OkAsync("schedule", "trigger", _id), StringComparison.Ordinal);
        var task = await agent.TakeAsync();
        Assert.Equal(("audit.run", 7, true), (task.Type, task.Priority, task.Payload.Fields["deep"].BoolValue));
        Assert.Contains(task.Id, await OkAsync("schedule", "runs", _id), StringComparison.Ordinal);
        Assert.Contains("There are no such runs", (await _agentctl.RunAsync("schedule", "runs", _id, "--outcome", "failed")).Errors, StringComparison.Ordinal);
        Assert.Contains("next ", await OkAsync("schedule", "resume", _id), StringComparison.Ordinal);

        Assert.Contains("--yes", (await FailAsync("schedule", "delete", _id)).Errors, StringComparison.Ordinal);
        Assert.Contains("is deleted", await OkAsync("schedule", "delete", _id, "--yes"), StringComparison.Ordinal);
        Assert.Contains($"there is no schedule {_id}", (await FailAsync("schedule", "show", _id)).Errors, StringComparison.Ordinal);
        Assert.Contains("61", (await FailAsync("schedule", "create", _id, "61 * * * *", "audit.run", "--tag", _id, "--all")).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_configuration_is_set_shown_listed_and_rolled_back()
    {
        Assert.Contains("version 1", await OkAsync("config", "set", _id, """{"level": 1}""", "--seen", "0", "--reason", "a start"), StringComparison.Ordinal);
        _agentctl.Write("config.json", """{"level": 2}""");
        Assert.Contains("version 2  disabled", await OkAsync("config", "set", _id, "--file", _agentctl.PathOf("config.json"), "--enabled", "false"), StringComparison.Ordinal);
        Assert.Equal(2, Json(await OkAsync("config", "show", _id, "--json")).GetProperty("config").GetProperty("level").GetInt32());
        Assert.Contains("CONCURRENT_UPDATE", (await FailAsync("config", "rollback", _id, "1", "--seen", "1")).Errors, StringComparison.Ordinal);
        Assert.Contains("version 3", await OkAsync("config", "rollback", _id, "1", "--seen", "2", "--reason", "two was wrong"), StringComparison.Ordinal);
        var versions = await OkAsync("config", "versions", _id);
        Assert.All(["3 (as 1)", "a start", "two was wrong"], t => Assert.Contains(t, versions, StringComparison.Ordinal));
        Assert.Contains("max_discrepancy_percent", await OkAsync("config", "show", "auditor_v1"), StringComparison.Ordinal);

        _agentctl.Write("schema.json", """{"properties": {"level": {"maximum": 9}}}""");
        Assert.Contains("none", await OkAsync("config", "show", _id), StringComparison.Ordinal);
        Assert.Contains("/level: must be at most 9", (await FailAsync("config", "set", _id, """{"level": 10}""", "--schema", _agentctl.PathOf("schema.json"))).Errors, StringComparison.Ordinal);
        await OkAsync("config", "set", _id, """{"level": 9}""", "--schema", _agentctl.PathOf("schema.json"));
        Assert.Contains("yes; --json shows it", await OkAsync("config", "show", _id), StringComparison.Ordinal);
        Assert.True(Json(await OkAsync("config", "show", _id, "--json")).GetProperty("schema").TryGetProperty("properties", out _));
        _agentctl.Write("empty.json", "{}");
        Assert.Contains("--no-schema", (await FailAsync("config", "set", _id, "{}", "--schema", _agentctl.PathOf("empty.json"))).Errors, StringComparison.Ordinal);
        await OkAsync("config", "set", _id, """{"level": 10}""", "--no-schema");
        Assert.Contains("version 6", await OkAsync("config", "rollback", _id, "1"), StringComparison.Ordinal);

        using var watch = _agentctl.Start("config", "watch", _id);
        Assert.Contains("version 6", await watch.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
        await OkAsync("config", "set", _id, """{"level": 4}""");
        Assert.Contains("version 7", await watch.StandardOutput.ReadLineAsync(), StringComparison.Ordinal);
        watch.Kill();
        await watch.WaitForExitAsync();
    }

    [Theory]
    [InlineData("schedule create only-a-name")]
    [InlineData("schedule change nightly")]
    [InlineData("schedule change nightly --missed never")]
    [InlineData("schedule change nightly --end tomorrow")]
    [InlineData("schedule runs nightly --outcome lost")]
    [InlineData("config set someone")]
    [InlineData("config set someone {} --file /etc/hostname")]
    [InlineData("config set someone {} --schema /etc/hostname --no-schema")]
    [InlineData("config set someone {} --schema /no/such/file")]
    [InlineData("config rollback someone two")]
    public async Task Wrong_usage_is_code_2(string commandLine) =>
        Assert.Equal(ExitCode.WrongUsage, (await _agentctl.RunAsync(commandLine.Split(' '))).ExitCode);

    private static JsonElement Json(string line) => JsonDocument.Parse(line).RootElement;

    private async Task<string> OkAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await _agentctl.RunAsync(arguments);
        Assert.True(exitCode == ExitCode.Ok, errors + output);
        return output;
    }

    private async Task<(string Output, string Errors)> FailAsync(params string[] arguments)
    {
        var (exitCode, output, errors) = await _agentctl.RunAsync(arguments);
        Assert.Equal(ExitCode.Failed, exitCode);
        return (output, errors);
    }
}
