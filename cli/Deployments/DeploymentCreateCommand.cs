using System.CommandLine;
using System.Globalization;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Cli.Packages;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Cli.Deployments;

/// <summary><c>agentctl deploy create</c>: plans a deployment, and starts it if told.</summary>
public static class DeploymentCreateCommand
{
    public static Command Create()
    {
        var package = PackageCommand.NewName();
        var agents = new Option<string[]>("--agent") { HelpName = "ID", Description = "Only this agent; may be given more than once" };
        var role = new Option<string>("--role") { HelpName = "NAME", Description = "Only agents with this role" };
        var capabilities = new Option<string[]>("--capability") { HelpName = "NAME", Description = "Only agents with this capability; may be given more than once" };
        var tags = new Option<string[]>("--tag") { HelpName = "TEXT", Description = "Only agents with this tag; may be given more than once" };
        var platform = EnumOption.Create<Platform>("--platform", "Only agents on this kind of machine");
        var all = new Option<bool>("--all") { Description = "All agents" };
        var rings = NewRings();
        var pause = DurationOption.Create("--ring-pause", "How long to wait after a ring");
        var failures = new Option<int>("--max-failures") { HelpName = "PERCENT", Description = "With more than so many per cent of a ring failed it stops; 0 unless given" };
        var timeout = DurationOption.Create("--install-timeout", "How long after its ring was opened an agent that is not done counts as failed; 24h unless given");
        var start = new Option<bool>("--start") { Description = "Starts it at once" };
        var json = JsonOption.Create("The whole deployment as a line of JSON");
        var command = new Command("create", "Plans a deployment of a released package.") { package, agents, role, capabilities, tags, platform, all, rings, pause, failures, timeout, start, json };
        return command.Calls(async (caller, parsed) =>
        {
            var request = new CreateDeploymentRequest
            {
                PackageId = (await PackageCommand.FindAsync(caller, parsed.GetRequiredValue(package))).Id,
                Selection = new DeploymentSelection
                {
                    AgentIds = { parsed.GetValue(agents) ?? [] },
                    Role = parsed.GetValue(role) ?? "",
                    Capabilities = { parsed.GetValue(capabilities) ?? [] },
                    Tags = { parsed.GetValue(tags) ?? [] },
                    Platform = parsed.GetValue(platform),
                    All = parsed.GetValue(all),
                },
                Rings = { parsed.GetValue(rings) ?? [] },
                RingPause = parsed.GetValue(pause),
                MaxFailurePercent = parsed.GetValue(failures),
                InstallTimeout = parsed.GetValue(timeout),
            };
            var made = (await caller.Deployments.CreateDeploymentAsync(request, CallKey.New())).Deployment;
            if (parsed.GetValue(start))
                made = (await caller.Deployments.TransitionDeploymentAsync(new TransitionDeploymentRequest { Id = made.Id, Status = DeploymentStatus.Running, Version = made.Version }, CallKey.New())).Deployment;
            Console.Out.WriteLine(parsed.GetValue(json) ? AgentText.Json(made) : DeploymentText.Line(made));
            return ExitCode.Ok;
        });
    }

    private static Option<int[]?> NewRings() => new("--rings")
    {
        HelpName = "PERCENTS",
        Description = "How many per cent of the agents are done after each ring: 5,25,100; all at once unless given",
        CustomParser = result =>
        {
            var text = result.Tokens.Single().Value;
            var rings = text.Split(',').Select(r => int.TryParse(r, NumberStyles.None, CultureInfo.InvariantCulture, out var percent) ? percent : -1).ToArray();
            if (!rings.Contains(-1))
                return rings;
            result.AddError($"'{text}' are no rings: write 5,25,100.");
            return null;
        },
    };
}
