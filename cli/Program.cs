using System.CommandLine;
using AgentPlatform.Cli;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Cli.Approvals;
using AgentPlatform.Cli.Audit;
using AgentPlatform.Cli.Costings;
using AgentPlatform.Cli.Configs;
using AgentPlatform.Cli.Deployments;
using AgentPlatform.Cli.Mcp;
using AgentPlatform.Cli.Packages;
using AgentPlatform.Cli.Schedules;
using AgentPlatform.Cli.Sessions;
using AgentPlatform.Cli.Simulation;
using AgentPlatform.Cli.Tasks;
using AgentPlatform.Cli.Telemetry;
using AgentPlatform.Cli.Vault;
using AgentPlatform.Cli.Webhooks;

var root = new RootCommand(
    "Starts AgentPlatform on this machine, and talks to it while it runs. In the repository, ./run stands for agentctl, and ./run alone for 'agentctl up'.")
{
    UpCommand.Create(),
    DemoCommand.Create(),
    TokenCommand.Create(),
    StatusCommand.Create(),
    SessionCommand.Create(),
    ApprovalCommand.Create(),
    AgentCommand.Create(),
    TaskCommand.Create(),
    QueueCommand.Create(),
    ScheduleCommand.Create(),
    ConfigCommand.Create(),
    PackageCommand.Create(),
    DeploymentCommand.Create(),
    TelemetryCommand.Create(),
    SimulateCommand.Create(),
    VaultCommand.Create(),
    PriceCommand.Create(),
    CostingCommand.Create(),
    BudgetCommand.Create(),
    WebhookCommand.Create(),
    AuditCommand.Create(),
    McpCommand.Create(),
    ResetCommand.Create(),
};
return await CommandRunner.RunAsync(root, args);
