using System.CommandLine;

namespace AgentPlatform.Cli.Webhooks;

/// <summary><c>agentctl webhook</c>: who is told what happens, and what was sent.</summary>
public static class WebhookCommand
{
    public static Command Create() => new("webhook", "Tells other programs by HTTP what happens to sessions, tasks and approvals.")
    {
        WebhookListCommand.Create(),
        WebhookCreateCommand.Create(),
        WebhookShowCommand.Create(),
        WebhookSwitchCommand.Create("enable", "Switches a webhook on; what has waited for it is sent.", enabled: true),
        WebhookSwitchCommand.Create("disable", "Switches a webhook off.", enabled: false),
        WebhookRotateCommand.Create(),
        WebhookDeleteCommand.Create(),
        WebhookTestCommand.Create(),
        WebhookDeliveriesCommand.Create(),
        WebhookReplayCommand.Create(),
    };

    /// <summary>The argument that names a webhook.</summary>
    public static Argument<string> NewId() => new("ID") { Description = "The webhook's id" };
}
