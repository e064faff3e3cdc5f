using System.CommandLine;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;

namespace AgentPlatform.Cli.Configs;

/// <summary><c>agentctl config</c>: how agents shall work, in versions.</summary>
public static class ConfigCommand
{
    public static Command Create() => new("config", "Sets how agents shall work, shows it, and takes up earlier versions.")
    {
        Show(),
        Set(),
        Versions(),
        Rollback(),
        Watch(),
    };

    private static Argument<string> NewAgent() => new("AGENT") { Description = "The agent's id; it need not be registered yet" };

    private static Option<string> NewReason() => new("--reason") { HelpName = "TEXT", Description = "Why; kept with the version" };

    private static Option<long?> NewSeen() => new("--seen") { HelpName = "VERSION", Description = "Only if it is still at this version; 0 when there was none" };

    private static Command Show()
    {
        var (agent, json) = (NewAgent(), JsonOption.Create("As a line of JSON"));
        return new Command("show", "Shows an agent's configuration.") { agent, json }.Calls(async (caller, parsed) =>
        {
            var config = (await caller.Registry.GetAgentConfigAsync(new GetAgentConfigRequest { AgentId = parsed.GetRequiredValue(agent) })).Config;
            return Listing.Write(config, parsed.GetValue(json), () => ConfigText.Picture(config));
        });
    }

    private static Command Set()
    {
        var agent = NewAgent();
        var config = new Argument<string?>("JSON") { Arity = ArgumentArity.ZeroOrOne, Description = "All of it, an object; or give --file" };
        var file = new Option<FileInfo>("--file") { HelpName = "PATH", Description = "A file with the object" };
        file.AcceptExistingOnly();
        var enabled = new Option<bool?>("--enabled") { HelpName = "true|false", Description = "Whether the agent shall work; unless given, as before" };
        var schema = new Option<FileInfo>("--schema") { HelpName = "PATH", Description = "A file with a JSON Schema that this version and all later ones must meet" };
        schema.AcceptExistingOnly();
        var noSchema = new Option<bool>("--no-schema") { Description = "Takes the schema away; without either, it stays" };
        var (seen, reason) = (NewSeen(), NewReason());
        var command = new Command("set", "Sets an agent's configuration, as a new version.") { agent, config, file, schema, noSchema, enabled, seen, reason };
        command.Validators.Add(given =>
        {
            if (given.GetResult(config) is { Tokens.Count: > 0 } == given.GetResult(file) is not null)
                given.AddError("Give the configuration, or --file: one of the two.");
            if (given.GetResult(schema) is not null && given.GetValue(noSchema))
                given.AddError("Give --schema or --no-schema, not both.");
        });
        return command.Calls(async (caller, parsed) =>
        {
            var text = parsed.GetValue(file) is { } path ? await File.ReadAllTextAsync(path.FullName) : parsed.GetRequiredValue(config)!;
            var request = new SetAgentConfigRequest { AgentId = parsed.GetRequiredValue(agent), Config = StructText.Parse(text, "The configuration"), Reason = parsed.GetValue(reason) ?? "" };
            if (parsed.GetValue(schema) is { } schemaPath)
                request.Schema = ReadSchema(await File.ReadAllTextAsync(schemaPath.FullName));
            if (parsed.GetValue(noSchema))
                request.Schema = new Struct();
            if (parsed.GetValue(enabled) is { } works)
                request.Enabled = works;
            if (parsed.GetValue(seen) is { } version)
                request.Version = version;
            Console.Out.WriteLine(ConfigText.Line((await caller.Configs.SetAgentConfigAsync(request, CallKey.New())).Config));
            return ExitCode.Ok;
        });
    }

    // An empty object would take the present schema away, which nobody means who names a file.
    private static Struct ReadSchema(string text) => StructText.Parse(text, "The schema") is { Fields.Count: > 0 } schema
        ? schema
        : throw new CliException("The schema is empty. --no-schema takes the present one away.");

    private static Command Versions()
    {
        var (agent, limit, json) = (NewAgent(), LimitOption.Create(), JsonOption.Create());
        return new Command("versions", "Lists the versions of an agent's configuration, newest first.") { agent, limit, json }.Calls((caller, parsed) =>
            Listing.WriteAsync<ConfigVersion>(parsed.GetValue(limit), parsed.GetValue(json), "There is no version.", async (size, token) =>
            {
                var page = await caller.Configs.ListConfigVersionsAsync(new ListConfigVersionsRequest { AgentId = parsed.GetRequiredValue(agent), PageSize = size, PageToken = token });
                return (page.Versions, page.NextPageToken);
            }, ConfigText.Table));
    }

    private static Command Rollback()
    {
        var agent = NewAgent();
        var version = new Argument<long>("VERSION") { Description = "What to go back to" };
        var (seen, reason) = (NewSeen(), NewReason());
        return new Command("rollback", "Makes a new version of what an earlier one said.") { agent, version, seen, reason }.Calls(async (caller, parsed) =>
        {
            var request = new RollbackAgentConfigRequest { AgentId = parsed.GetRequiredValue(agent), ToVersion = parsed.GetValue(version), Reason = parsed.GetValue(reason) ?? "" };
            if (parsed.GetValue(seen) is { } present)
                request.Version = present;
            Console.Out.WriteLine(ConfigText.Line((await caller.Configs.RollbackAgentConfigAsync(request, CallKey.New())).Config));
            return ExitCode.Ok;
        });
    }

    private static Command Watch()
    {
        var (agent, json) = (NewAgent(), JsonOption.Create("Each version as a line of JSON"));
        return new Command("watch", "Follows an agent's configuration until Ctrl-C.") { agent, json }.Calls(async (caller, parsed) =>
        {
            await foreach (var change in caller.Configs.WatchConfig(new WatchConfigRequest { AgentId = parsed.GetRequiredValue(agent) }, deadline: DateTime.MaxValue).ResponseStream.ReadAllAsync())
                Console.Out.WriteLine(parsed.GetValue(json) ? AgentText.Json(change.Config) : ConfigText.Line(change.Config));
            return ExitCode.Ok;
        });
    }
}
