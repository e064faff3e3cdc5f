using System.CommandLine;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Cli.Agents;

/// <summary><c>agentctl agent</c>: finds agents, follows the fleet, and says who may work.</summary>
public static class AgentCommand
{
    public static Command Create() => new("agent", "Finds agents, follows the fleet, and says which agents may work.")
    {
        AgentListCommand.Create(),
        Show(),
        AgentWatchCommand.Create(),
        AgentCertificateCommand.Create(),
        Change("disable", "Keeps an agent from registering, living and working; what it held goes back.",
            async (caller, id, reason) => (await caller.Registry.DisableAgentAsync(new DisableAgentRequest { Id = id, Reason = reason }, CallKey.New())).Agent),
        Change("enable", "Lets a disabled agent work again.",
            async (caller, id, reason) => (await caller.Registry.EnableAgentAsync(new EnableAgentRequest { Id = id, Reason = reason }, CallKey.New())).Agent),
        Change("quarantine", "Gives an agent no more tasks; it finishes those that it holds.",
            async (caller, id, reason) => (await caller.Registry.QuarantineAgentAsync(new QuarantineAgentRequest { Id = id, Reason = reason }, CallKey.New())).Agent),
        Change("release", "Ends a quarantine.",
            async (caller, id, reason) => (await caller.Registry.ReleaseAgentAsync(new ReleaseAgentRequest { Id = id, Reason = reason }, CallKey.New())).Agent),
        Change("deregister", "Takes an agent out of the fleet; what waited for it alone is cancelled.",
            async (caller, id, reason) => (await caller.Registry.DeregisterAgentAsync(new DeregisterAgentRequest { Id = id, Reason = reason }, CallKey.New())).Agent),
    };

    private static Argument<string> NewId() => new("ID") { Description = "The agent's id." };

    private static Command Show()
    {
        var id = NewId();
        var json = new Option<bool>("--json") { Description = "The whole agent as a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command("show", "Shows an agent.") { id, json, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var agent = (await connection.Caller.Registry.GetAgentAsync(new GetAgentRequest { Id = parsed.GetRequiredValue(id) })).Agent;
            if (parsed.GetValue(json))
                Console.Out.WriteLine(AgentText.Json(agent));
            else
                Terminal.Out.Write(AgentText.List(agent));
            return ExitCode.Ok;
        });
        return command;
    }

    private static Command Change(string name, string description, Func<GatewayCaller, string, string, Task<Agent>> change)
    {
        var id = NewId();
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "Why; shown with the agent and on the audit log" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        var command = new Command(name, description) { id, reason, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            Console.Out.WriteLine(AgentText.Line(await change(connection.Caller, parsed.GetRequiredValue(id), parsed.GetValue(reason) ?? "")));
            return ExitCode.Ok;
        });
        return command;
    }
}
