using System.CommandLine;
using AgentPlatform.Cli.Demo;

namespace AgentPlatform.Cli;

/// <summary><c>agentctl demo</c>: the platform's main job, once through, on the running platform.</summary>
public static class DemoCommand
{
    public static Command Create()
    {
        var data = DataFolder.NewOption();
        var command = new Command("demo",
            "Plays the platform's main job once: an agent prices a booking, a person approves, the audit log shows it.") { data };
        command.SetAction((parsed, _) => RunAsync(DataFolder.Locate(parsed.GetValue(data))));
        return command;
    }

    private static async Task<int> RunAsync(DataFolder data)
    {
        var note = RunNote.Require(data);
        using var key = DevelopmentKey.Load(data.DevelopmentKey);
        using var telemetry = new DemoTelemetry(note.Otlp);
        using var demo = new DemoRun(note, key, telemetry, TimeProvider.System);
        await demo.RunAsync();
        return ExitCode.Ok;
    }
}
