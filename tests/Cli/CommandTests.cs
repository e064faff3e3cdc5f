using System.Buffers.Text;
using System.Diagnostics;
using System.Text.Json;
using AgentPlatform.Cli;

namespace AgentPlatform.Tests.Commands;

public sealed class CommandTests : IDisposable
{
    private readonly Agentctl _agentctl = new();

    public void Dispose() => _agentctl.Dispose();

    [Theory]
    [InlineData("")]
    [InlineData("fly")]
    [InlineData("demo twice")]
    [InlineData("token")]
    [InlineData("token emperor")]
    [InlineData("token agent")]
    [InlineData("token agent --agent Über")]
    [InlineData("token operator --agent revenue_v1")]
    [InlineData("token operator --lifetime 8")]
    [InlineData("token operator --lifetime 0h")]
    [InlineData("token operator --lifetime 366d")]
    [InlineData("up --infra cloud")]
    [InlineData("up --gateway-port 65536")]
    public async Task Wrong_usage_is_code_2_and_points_to_the_help(string commandLine)
    {
        var (exitCode, _, errors) = await _agentctl.RunAsync(commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries));

        Assert.Equal(ExitCode.WrongUsage, exitCode);
        Assert.StartsWith("agentctl: ", errors, StringComparison.Ordinal);
        Assert.Contains("--help", errors, StringComparison.Ordinal);
        Assert.InRange(Lines(errors).Length, 2, 3);
    }

    [Theory]
    [InlineData("token operator")]
    [InlineData("status")]
    [InlineData("demo")]
    public async Task Without_a_running_platform_one_line_says_how_to_start_it(string commandLine)
    {
        var (exitCode, output, errors) = await _agentctl.RunAsync(commandLine.Split(' '));

        Assert.Equal((ExitCode.Failed, ""), (exitCode, output));
        Assert.Contains("./run", Assert.Single(Lines(errors)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_note_of_a_killed_run_does_not_count_even_when_its_process_id_is_in_use_again()
    {
        _agentctl.WriteRunNote(startedAt: Process.GetCurrentProcess().StartTime - TimeSpan.FromMinutes(1));

        Assert.Equal(ExitCode.Failed, (await _agentctl.RunAsync("token", "operator")).ExitCode);
    }

    [Fact]
    public async Task A_token_stands_alone_on_the_output_and_says_who_for_how_long()
    {
        _agentctl.WriteRunNote();
        Tokens.Key.Save(_agentctl.PathOf("development-key.pem"));

        var (exitCode, output, _) = await _agentctl.RunAsync("token", "agent", "--agent", "revenue_v1", "--lifetime", "30m");

        Assert.Equal(ExitCode.Ok, exitCode);
        var claims = JsonDocument.Parse(Base64Url.DecodeFromChars(Assert.Single(Lines(output)).Split('.')[1])).RootElement;
        Assert.Equal(("agent:revenue_v1", "revenue_v1", "agent"),
            (claims.GetProperty("sub").GetString(), claims.GetProperty("agent_id").GetString(), claims.GetProperty("roles")[0].GetString()));
        Assert.Equal(30 * 60, claims.GetProperty("exp").GetInt64() - claims.GetProperty("iat").GetInt64());
    }

    [Fact]
    public async Task A_gateway_that_does_not_answer_is_shown_as_that_and_fails()
    {
        _agentctl.WriteRunNote();

        var (exitCode, output, _) = await _agentctl.RunAsync("status");

        Assert.Equal(ExitCode.Failed, exitCode);
        Assert.Contains("No answer", output, StringComparison.Ordinal);
        Assert.DoesNotContain('\e', output);
    }

    [Fact]
    public async Task A_step_of_the_demonstration_that_fails_is_named_with_its_code()
    {
        _agentctl.WriteRunNote();
        Tokens.Key.Save(_agentctl.PathOf("development-key.pem"));

        var (exitCode, _, errors) = await _agentctl.RunAsync("demo");

        Assert.Equal(ExitCode.Failed, exitCode);
        Assert.StartsWith("agentctl: Fill the vault: UNAVAILABLE", Assert.Single(Lines(errors)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_platform_that_runs_is_not_started_again()
    {
        _agentctl.WriteRunNote();

        var (exitCode, _, errors) = await _agentctl.RunAsync("up");

        Assert.Equal(ExitCode.Failed, exitCode);
        Assert.Contains("runs already", Assert.Single(Lines(errors)), StringComparison.Ordinal);
    }

    private static string[] Lines(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
