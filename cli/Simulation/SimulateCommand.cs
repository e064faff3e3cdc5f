using System.CommandLine;

namespace AgentPlatform.Cli.Simulation;

/// <summary><c>agentctl simulate</c>: a fleet of agents with real streams, and tasks for them, at the platform that runs on this machine.</summary>
public static class SimulateCommand
{
    /// <summary>What all simulated agents are tagged with.</summary>
    public const string Tag = "simulated";

    private const int AgentsMaximum = 10_000;
    private const int DefaultAgents = 100;
    private const int TasksMaximum = 10_000;
    private const int DefaultTasks = 20;
    private const int DefaultSeconds = 30;
    private const int SecondsMaximum = 86_400;
    private static readonly string[] Profiles = [.. Enum.GetNames<SimulationProfile>().Select(p => p.ToLowerInvariant())];

    public static Command Create()
    {
        var agents = Number("--agents", DefaultAgents, AgentsMaximum, "How many agents");
        var tasks = Number("--tasks", DefaultTasks, TasksMaximum, "How many tasks a second, each for one of them");
        var seconds = Number("--seconds", DefaultSeconds, SecondsMaximum, "How long");
        var beat = Number("--beat", 10, SecondsMaximum, "Seconds between an agent's heartbeats");
        var profile = new Option<string>("--profile") { HelpName = "NAME", DefaultValueFactory = _ => Profiles[0], Description = $"How they behave: {string.Join(", ", Profiles)}" };
        profile.AcceptOnlyFromAmong(Profiles);
        var data = DataFolder.NewOption();

        var command = new Command("simulate", "Plays a fleet: agents that connect, beat and work, with tasks for them. Reports what was lost, doubled, and how long it took.")
        {
            agents, tasks, seconds, beat, profile, data,
        };
        command.SetAction((parsed, _) => new FleetSimulation(
            parsed.GetValue(agents), parsed.GetValue(tasks), TimeSpan.FromSeconds(parsed.GetValue(seconds)), TimeSpan.FromSeconds(parsed.GetValue(beat)),
            Enum.Parse<SimulationProfile>(parsed.GetRequiredValue(profile), ignoreCase: true)).RunAsync(DataFolder.Locate(parsed.GetValue(data))));
        return command;
    }

    private static Option<int> Number(string name, int unless, int largest, string description)
    {
        var option = new Option<int>(name) { HelpName = "N", DefaultValueFactory = _ => unless, Description = $"{description}, 1 to {largest:N0}; {unless} unless given" };
        option.Validators.Add(given =>
        {
            if (given.GetValue(option) < 1 || given.GetValue(option) > largest)
                given.AddError($"{name} must be 1 to {largest:N0}.");
        });
        return option;
    }
}
