using System.CommandLine;
using AgentPlatform.Cli.Agents;
using AgentPlatform.Contracts.Registry.V1;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;

namespace AgentPlatform.Cli.Tasks;

/// <summary><c>agentctl task create</c>: a task for one agent, for any of a selection, or one each for all of it.</summary>
public static class TaskCreateCommand
{
    public static Command Create()
    {
        var type = new Argument<string>("TYPE") { Description = "What to do, as agents know it: 'report.build'." };
        var agent = new Option<string>("--agent") { HelpName = "ID", Description = "For this agent" };
        var role = new Option<string>("--role") { HelpName = "NAME", Description = "For an agent with this role" };
        var capabilities = new Option<string[]>("--capability") { HelpName = "NAME", Description = "For an agent with this capability; may be given more than once" };
        var tags = new Option<string[]>("--tag") { HelpName = "TEXT", Description = "For an agent with this tag; may be given more than once" };
        var all = new Option<bool>("--all") { Description = "For all agents that match, a task each; else for whichever takes it first" };
        var payload = new Option<string>("--payload") { HelpName = "JSON", Description = "What it takes: an object" };
        var priority = new Option<int?>("--priority") { HelpName = "0-9", Description = "The higher, the sooner; 5 unless given" };
        var timeout = new Option<int>("--timeout") { HelpName = "SECONDS", Description = "How long an attempt may take; 300 unless given" };
        var attempts = new Option<int>("--attempts") { HelpName = "N", Description = "How often it is tried at most; 3 unless given" };
        var json = new Option<bool>("--json") { Description = "The whole answer as a line of JSON" };
        var (gateway, data) = (GatewayConnection.NewOption(), DataFolder.NewOption());

        var command = new Command("create", "Makes a task.") { type, agent, role, capabilities, tags, all, payload, priority, timeout, attempts, json, gateway, data };
        command.SetAction(async (parsed, _) =>
        {
            var task = new TaskSpec
            {
                Type = parsed.GetRequiredValue(type),
                Payload = ReadPayload(parsed.GetValue(payload)),
                TimeoutSeconds = parsed.GetValue(timeout),
                MaxAttempts = parsed.GetValue(attempts),
            };
            if (parsed.GetValue(priority) is { } given)
                task.Priority = given;
            var request = new CreateTaskRequest { Task = task };
            var selection = new AgentSelection { Role = parsed.GetValue(role) ?? "", Capabilities = { parsed.GetValue(capabilities) ?? [] }, Tags = { parsed.GetValue(tags) ?? [] } };
            if (parsed.GetValue(agent) is { } id)
                request.AgentId = id;
            else if (parsed.GetValue(all))
                request.All = selection;
            else
                request.Any = selection;
            using var connection = GatewayConnection.Open(GatewayConnection.Operator, parsed.GetValue(gateway), parsed.GetValue(data));
            var answer = await connection.Caller.AgentTasks.CreateTaskAsync(request, CallKey.New());
            Console.Out.WriteLine(parsed.GetValue(json) ? AgentText.Json(answer) : answer.ParentId.Length > 0 ? $"{answer.Created} tasks, --parent {answer.ParentId}" : answer.Task.Id);
            return ExitCode.Ok;
        });
        return command;
    }

    private static Struct? ReadPayload(string? json)
    {
        if (json is null)
            return null;
        try { return Struct.Parser.ParseJson(json); }
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException) { throw new CliException($"--payload is no JSON object: {e.Message}"); }
    }
}
