using System.CommandLine;
using AgentPlatform.Cli.Packages;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Cli.Deployments;

/// <summary><c>agentctl deploy rollback</c>: takes agents back to an earlier version.</summary>
public static class DeploymentRollbackCommand
{
    public static Command Create()
    {
        var id = DeploymentCommand.NewId();
        var to = new Option<string>("--to") { HelpName = "PACKAGE", Description = "What to go back to, as NAME@VERSION or by its id; the released version before unless given" };
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Required = true, Description = "Why; shown with both deployments and on the audit log" };
        return new Command("rollback", "Undoes a deployment by one of an earlier version, for all agents that have begun with it.") { id, to, reason }.Calls(async (caller, parsed) =>
        {
            var request = new RollbackDeploymentRequest { Id = parsed.GetRequiredValue(id), Reason = parsed.GetRequiredValue(reason) };
            if (parsed.GetValue(to) is { } earlier)
                request.PackageId = (await PackageCommand.FindAsync(caller, earlier)).Id;
            var answer = await caller.Deployments.RollbackDeploymentAsync(request, CallKey.New());
            Console.Out.WriteLine(DeploymentText.Line(answer.RolledBack));
            Console.Out.WriteLine(DeploymentText.Line(answer.Rollback));
            return ExitCode.Ok;
        });
    }
}
