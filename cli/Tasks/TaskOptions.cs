using System.CommandLine;
using AgentPlatform.Contracts.Registry.V1;

namespace AgentPlatform.Cli.Tasks;

/// <summary>The options that say what a task is to be, and for whom: of <c>task create</c> and of schedules.</summary>
public sealed class TaskOptions
{
    private readonly Option<string> _agent = new("--agent") { HelpName = "ID", Description = "For this agent" };
    private readonly Option<string> _role = new("--role") { HelpName = "NAME", Description = "For an agent with this role" };
    private readonly Option<string[]> _capabilities = new("--capability") { HelpName = "NAME", Description = "For an agent with this capability; may be given more than once" };
    private readonly Option<string[]> _tags = new("--tag") { HelpName = "TEXT", Description = "For an agent with this tag; may be given more than once" };
    private readonly Option<bool> _all = new("--all") { Description = "For all agents that match, a task each; else for whichever takes it first" };
    private readonly Option<string> _payload = new("--payload") { HelpName = "JSON", Description = "What it takes: an object" };
    private readonly Option<int?> _priority = new("--priority") { HelpName = "0-9", Description = "The higher, the sooner; 5 unless given" };
    private readonly Option<int> _timeout = new("--timeout") { HelpName = "SECONDS", Description = "How long an attempt may take; 300 unless given" };
    private readonly Option<int> _attempts = new("--attempts") { HelpName = "N", Description = "How often it is tried at most; 3 unless given" };

    /// <summary>All of them.</summary>
    public IEnumerable<Option> All => [_agent, _role, _capabilities, _tags, _all, _payload, _priority, _timeout, _attempts];

    /// <summary>What the command line asks for.</summary>
    public CreateTaskRequest Read(ParseResult parsed, string type)
    {
        var task = new TaskSpec { Type = type, TimeoutSeconds = parsed.GetValue(_timeout), MaxAttempts = parsed.GetValue(_attempts) };
        if (parsed.GetValue(_payload) is { } json)
            task.Payload = StructText.Parse(json, "--payload");
        if (parsed.GetValue(_priority) is { } priority)
            task.Priority = priority;
        var request = new CreateTaskRequest { Task = task };
        var selection = new AgentSelection { Role = parsed.GetValue(_role) ?? "", Capabilities = { parsed.GetValue(_capabilities) ?? [] }, Tags = { parsed.GetValue(_tags) ?? [] } };
        if (parsed.GetValue(_agent) is { } id)
            request.AgentId = id;
        else if (parsed.GetValue(_all))
            request.All = selection;
        else
            request.Any = selection;
        return request;
    }
}
