using System.CommandLine;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Registry.V1;
using Grpc.Core;

namespace AgentPlatform.Cli.Deployments;

/// <summary><c>agentctl deploy</c>: takes packages to agents, ring by ring.</summary>
public static class DeploymentCommand
{
    public static Command Create() => new("deploy", "Takes released packages to agents, ring by ring.")
    {
        DeploymentCreateCommand.Create(),
        List(),
        Show(),
        Agents(),
        Watch(),
        Move("start", "Starts a deployment.", DeploymentStatus.Running),
        Move("pause", "Lets no further agent begin, until it is resumed.", DeploymentStatus.Paused),
        Move("resume", "Goes on with a deployment that was paused.", DeploymentStatus.Running),
        Move("abort", "Stops a deployment for good.", DeploymentStatus.Aborted),
        DeploymentRollbackCommand.Create(),
    };

    /// <summary>The argument that names a deployment.</summary>
    public static Argument<string> NewId() => new("ID") { Description = "The deployment's id." };

    private static Command List()
    {
        var status = EnumOption.Create<DeploymentStatus>("--status", "Only deployments in this state");
        var package = new Option<string>("--package") { HelpName = "NAME", Description = "Only deployments of packages of this name" };
        var (limit, json) = (LimitOption.Create(), JsonOption.Create());
        return new Command("list", "Lists deployments, newest first.") { status, package, limit, json }.Calls((caller, parsed) =>
            Listing.WriteAsync<Deployment>(parsed.GetValue(limit), parsed.GetValue(json), "There are no such deployments.", async (size, token) =>
            {
                var page = await caller.Deployments.ListDeploymentsAsync(
                    new ListDeploymentsRequest { PageSize = size, PageToken = token, Status = parsed.GetValue(status), PackageName = parsed.GetValue(package) ?? "" });
                return (page.Deployments, page.NextPageToken);
            }, DeploymentText.Table));
    }

    private static Command Show()
    {
        var (id, json) = (NewId(), JsonOption.Create("As a line of JSON"));
        return new Command("show", "Shows a deployment, and how many agents are how far.") { id, json }.Calls(async (caller, parsed) =>
        {
            var deployment = (await caller.Deployments.GetDeploymentAsync(new GetDeploymentRequest { Id = parsed.GetRequiredValue(id) })).Deployment;
            return Listing.Write(deployment, parsed.GetValue(json), () => DeploymentText.Picture(deployment));
        });
    }

    private static Command Agents()
    {
        var id = NewId();
        var status = EnumOption.Create<InstallStatus>("--status", "Only agents in this state");
        var ring = new Option<int>("--ring") { HelpName = "N", Description = "Only agents of this ring, from 1" };
        var (limit, json) = (LimitOption.Create(), JsonOption.Create());
        return new Command("agents", "Lists the agents of a deployment, and how far each is.") { id, status, ring, limit, json }.Calls((caller, parsed) =>
            Listing.WriteAsync<Install>(parsed.GetValue(limit), parsed.GetValue(json), "There are no such agents.", async (size, token) =>
            {
                var page = await caller.Deployments.ListInstallsAsync(new ListInstallsRequest
                {
                    DeploymentId = parsed.GetRequiredValue(id), PageSize = size, PageToken = token, Status = parsed.GetValue(status), Ring = parsed.GetValue(ring),
                });
                return (page.Installs, page.NextPageToken);
            }, DeploymentText.Table));
    }

    private static Command Watch()
    {
        var (id, json) = (NewId(), JsonOption.Create("Each change as a line of JSON"));
        return new Command("watch", "Follows a deployment until it ends.") { id, json }.Calls(async (caller, parsed) =>
        {
            await foreach (var change in caller.Deployments.WatchDeployment(new WatchDeploymentRequest { Id = parsed.GetRequiredValue(id) }, deadline: DateTime.MaxValue).ResponseStream.ReadAllAsync())
                Console.Out.WriteLine(parsed.GetValue(json) ? AgentText.Json(change.Deployment) : DeploymentText.Line(change.Deployment));
            return ExitCode.Ok;
        });
    }

    private static Command Move(string name, string description, DeploymentStatus status)
    {
        var id = NewId();
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "Why; shown with the deployment and on the audit log" };
        return new Command(name, description) { id, reason }.Calls(async (caller, parsed) =>
        {
            var request = new TransitionDeploymentRequest { Id = parsed.GetRequiredValue(id), Status = status, Reason = parsed.GetValue(reason) ?? "" };
            Console.Out.WriteLine(DeploymentText.Line((await caller.Deployments.TransitionDeploymentAsync(request, CallKey.New())).Deployment));
            return ExitCode.Ok;
        });
    }
}
