using AgentPlatform.Cli;

namespace AgentPlatform.Tests.Commands;

public sealed class ResetTests : IDisposable
{
    private readonly Agentctl _agentctl = new();

    public ResetTests()
    {
        _agentctl.Write("postgres/PG_VERSION", "15");
        _agentctl.Write("postgres.password", "secret");
        _agentctl.Write("development-key.pem", "secret");
        _agentctl.Write("vault/demo/prices.xlsx", "theirs");
        _agentctl.Write("holiday.jpg", "theirs");
    }

    public void Dispose() => _agentctl.Dispose();

    [Fact]
    public async Task What_the_platform_keeps_goes_and_everything_else_stays()
    {
        Assert.Equal(ExitCode.Ok, (await _agentctl.RunAsync("reset", "--yes")).ExitCode);

        Assert.Equal(["demo", "holiday.jpg", "lock", "prices.xlsx", "vault"],
            new DirectoryInfo(_agentctl.Data).EnumerateFileSystemInfos("*", SearchOption.AllDirectories).Select(f => f.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task It_is_refused_while_the_platform_runs()
    {
        using var held = new FileStream(_agentctl.PathOf("lock"), FileMode.Create, FileAccess.ReadWrite, FileShare.None);

        var (exitCode, _, errors) = await _agentctl.RunAsync("reset", "--yes");

        Assert.Equal(ExitCode.Failed, exitCode);
        Assert.Contains("stop it first", errors, StringComparison.Ordinal);
        Assert.True(File.Exists(_agentctl.PathOf("postgres.password")));
    }

    [Fact]
    public async Task Without_a_terminal_to_ask_at_nothing_is_dropped()
    {
        var (exitCode, _, errors) = await _agentctl.RunAsync("reset");

        Assert.Equal(ExitCode.Failed, exitCode);
        Assert.Contains("--yes", errors, StringComparison.Ordinal);
        Assert.True(File.Exists(_agentctl.PathOf("postgres.password")));
    }

    [Fact]
    public async Task A_folder_that_is_not_there_is_no_error()
    {
        var (exitCode, output, _) = await _agentctl.RunAsync("reset", "--yes", "--data", _agentctl.PathOf("nowhere"));

        Assert.Equal(ExitCode.Ok, exitCode);
        Assert.Contains("Nothing to drop", output, StringComparison.Ordinal);
    }
}
