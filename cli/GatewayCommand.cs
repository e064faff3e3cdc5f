using System.CommandLine;

namespace AgentPlatform.Cli;

/// <summary>What every command that calls the gateway has alike: where the gateway is, and in which role it is called.</summary>
public static class GatewayCommand
{
    /// <summary>Adds the options that say where the platform is, and runs the command with a caller of this role.</summary>
    public static Command Calls(this Command command, string role, Func<GatewayCaller, ParseResult, Task<int>> run)
    {
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());
        command.Add(gateway);
        command.Add(data);
        command.SetAction(async (parsed, _) =>
        {
            using var connection = GatewayConnection.Open(role, parsed.GetValue(gateway), parsed.GetValue(data));
            return await run(connection.Caller, parsed);
        });
        return command;
    }

    /// <summary>The same for an operator.</summary>
    public static Command Calls(this Command command, Func<GatewayCaller, ParseResult, Task<int>> run) => command.Calls(GatewayConnection.Operator, run);
}
