using System.CommandLine;
using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Vault.V1;

namespace AgentPlatform.Cli.Vault;

/// <summary><c>agentctl vault label</c>: which files take a person's approval each time they are read.</summary>
public static class VaultLabelCommand
{
    public static Command Create() => new("label", "Shows and sets which files take an approval each time they are read.") { List(), Set(), Remove() };

    private static Command List()
    {
        var json = new Option<bool>("--json") { Description = "Each as a line of JSON" };
        var limit = LimitOption.Create();
        return new Command("list", "Lists labels, oldest first.") { limit, json }.Calls((caller, parsed) =>
            Listing.WriteAsync<VaultLabel>(parsed.GetValue(limit), parsed.GetValue(json), "There are no labels.", async (size, token) =>
            {
                var page = await caller.VaultAccess.ListLabelsAsync(new ListLabelsRequest { PageSize = size, PageToken = token });
                return (page.Labels, page.NextPageToken);
            }, VaultText.Table));
    }

    private static Command Set()
    {
        var name = new Argument<string>("NAME") { Description = "The label, for example confidential" };
        var pattern = new Argument<string>("PATTERN") { Description = "Paths, for example 'salaries/**'" };
        var approver = EnumOption.Create("--approver", "Who approves", Role.Operator, Role.Superuser);
        approver.Required = true;
        var reason = new Option<string>("--reason") { HelpName = "TEXT", Description = "Why, for the record", Required = true };
        return new Command("set", "Puts a label on files, as a superuser, or changes who approves.") { name, pattern, approver, reason }.Calls(GatewayConnection.Superuser, async (caller, parsed) =>
        {
            var request = new SetLabelRequest
            {
                Name = parsed.GetRequiredValue(name),
                Pattern = parsed.GetRequiredValue(pattern),
                ApproverRole = parsed.GetValue(approver),
                Reason = parsed.GetRequiredValue(reason),
            };
            Terminal.Out.Write(VaultText.Table([(await caller.VaultAccess.SetLabelAsync(request, CallKey.New())).Label]));
            return ExitCode.Ok;
        });
    }

    private static Command Remove()
    {
        var id = new Argument<string>("ID") { Description = "The label's id" };
        var yes = new Option<bool>(Confirmation.Option) { Description = "Does not ask" };
        return new Command("remove", "Takes a label off, as a superuser: reading takes no approval any more.") { id, yes }.Calls(GatewayConnection.Superuser, async (caller, parsed) =>
        {
            if (!parsed.GetValue(yes) && !Confirmation.Ask($"Take label {parsed.GetValue(id)} off?"))
                return ExitCode.Failed;
            await caller.VaultAccess.RemoveLabelAsync(new RemoveLabelRequest { Id = parsed.GetRequiredValue(id) }, CallKey.New());
            Console.Out.WriteLine($"Label {parsed.GetValue(id)} is off.");
            return ExitCode.Ok;
        });
    }
}
