using System.CommandLine;
using AgentPlatform.Cli;
using AgentPlatform.Cli.Audit;
using AgentPlatform.Cli.Sessions;

var root = new RootCommand(
    "Starts AgentPlatform on this machine, and talks to it while it runs. In the repository, ./run stands for agentctl, and ./run alone for 'agentctl up'.")
{
    UpCommand.Create(),
    DemoCommand.Create(),
    TokenCommand.Create(),
    StatusCommand.Create(),
    SessionCommand.Create(),
    AuditCommand.Create(),
    ResetCommand.Create(),
};
return await CommandRunner.RunAsync(root, args);
