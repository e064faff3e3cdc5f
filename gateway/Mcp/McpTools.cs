using System.Collections.Frozen;
using System.Text.Json;
using System.Text.Json.Nodes;
using AgentPlatform.Contracts.Session.V1;
using Google.Protobuf.Reflection;

namespace AgentPlatform.Gateway;

/// <summary>The tools: which RPCs a model gets, and under which names. All else of a tool is from the contract.</summary>
public sealed class McpTools(AccessRules access, ContractTexts texts)
{
    /// <summary>How long a tool follows something, in seconds: unless told otherwise, and at most. Many clients give up after a minute.</summary>
    public const int WaitDefaultSeconds = 50;

    /// <inheritdoc cref="WaitDefaultSeconds" />
    public const int WaitMaximumSeconds = 300;

    private const string RootPackage = "agentplatform.";

    // Name, method, and what the contract's own words do not say to a model.
    private static readonly (string Name, string Method, string Hint)[] Names =
    [
        ("send_task", "session.v1.TaskService/CreateTask", "Follow it with await_task. Set dispatch to have an agent of the platform do it."),
        ("await_task", "session.v1.TaskService/WatchTask", "Waits until the task has ended, and says meanwhile how far it is; gives the task as it stands then."),
        ("list_tasks", "session.v1.TaskService/ListTasks", ""),
        ("request_approval", "session.v1.ApprovalService/RequestApproval", "A person decides; follow it with await_approval. Do nothing that needs it before it is APPROVED."),
        ("await_approval", "session.v1.ApprovalService/WatchApproval", "Waits until a person has decided; gives the approval as it stands then. PENDING is no consent."),
        ("get_approval", "session.v1.ApprovalService/GetApproval", ""),
        ("list_approvals", "session.v1.ApprovalService/ListApprovals", ""),
        ("notify", "session.v1.SessionService/AppendEvents", "Tells whoever follows a session something: one event."),
        ("fetch_status", "session.v1.StatusService/FetchStatus", ""),
        ("get_session", "session.v1.SessionService/GetSession", ""),
        ("list_sessions", "session.v1.SessionService/ListSessions", ""),
        ("list_session_events", "session.v1.SessionService/ListEvents", ""),
        ("get_costing", "costing.v1.CostingService/GetCosting", ""),
        ("list_costings", "costing.v1.CostingService/ListCostings", ""),
        ("explain_costing", "costing.v1.CostingService/ExplainCosting", ""),
        ("get_agent", "registry.v1.RegistryService/GetAgent", ""),
        ("list_agents", "registry.v1.RegistryService/ListAgents", ""),
        ("list_vault_files", "vault.v1.VaultService/ListFiles", "A file is read as the resource agentplatform://vault/PATH."),
        ("get_vault_file", "vault.v1.VaultService/GetFile", ""),
        ("read_table", "vault.v1.TableService/ReadTable", "Gives 100 rows unless rowCount says otherwise, and 500 at most; go on with firstRow."),
        ("get_audit_entry", "audit.v1.AuditService/GetEntry", ""),
        ("list_audit_entries", "audit.v1.AuditService/ListEntries", ""),
    ];

    // A model would make up a new one at each try; the gateway derives a key, and knows the trace.
    private static readonly FrozenSet<string> Hidden = FrozenSet.Create("idempotency_key", "trace_id");

    private readonly Lazy<FrozenDictionary<string, McpTool>> _tools = new(() => Names.Select(n => NewTool(n.Name, n.Method, n.Hint, access, texts)).ToFrozenDictionary(t => t.Name));

    /// <summary>A tool by its name, or null.</summary>
    public McpTool? Find(string name) => _tools.Value.GetValueOrDefault(name);

    /// <summary>The tools that a caller can use: those whose RPCs he may call.</summary>
    public IEnumerable<McpTool> Of(Caller caller) =>
        Names.Select(n => _tools.Value[n.Name]).Where(t => t.Access.Anonymous || caller.Roles.Any(t.Access.Roles.Contains));

    private static McpTool NewTool(string name, string path, string hint, AccessRules access, ContractTexts texts)
    {
        var method = MethodOf(RootPackage + path);
        var member = name == "notify" ? AppendEventsRequest.Descriptor.FindFieldByNumber(AppendEventsRequest.EventsFieldNumber) : null;
        var own = method.InputType.Fields.InDeclarationOrder().Where(f => f != member && !Hidden.Contains(f.Name));
        List<FieldDescriptor> arguments = [.. own, .. member?.MessageType.Fields.InDeclarationOrder().Where(f => !texts.IsOutput(f)) ?? []];
        return new McpTool
        {
            Name = name,
            Description = $"{hint} {texts.Of(method)}".Trim(),
            Method = method,
            Access = access.Find($"/{RootPackage}{path}")!,
            Arguments = arguments,
            Member = member,
            InputSchema = InputOf(method, arguments, texts),
            OutputSchema = OutputOf(method, texts),
        };
    }

    private static MethodDescriptor MethodOf(string path) => AccessRules.Descriptors()
        .SelectMany(f => f.Services).SelectMany(s => s.Methods).First(m => $"{m.Service.FullName}/{m.Name}" == path);

    private static JsonElement InputOf(MethodDescriptor method, List<FieldDescriptor> arguments, ContractTexts texts)
    {
        var schemas = new JsonSchemas(texts, "#/$defs/");
        var schema = schemas.Request(method.InputType, arguments);
        if (method.IsServerStreaming && method.OutputType != Contracts.Vault.V1.ReadTableResponse.Descriptor)
        {
            schema["properties"]![McpTool.WaitArgument] = new JsonObject
            {
                ["type"] = "integer",
                ["minimum"] = 1,
                ["maximum"] = WaitMaximumSeconds,
                ["default"] = WaitDefaultSeconds,
                ["description"] = "Optional. How long to wait, in seconds; call again to go on waiting.",
            };
        }
        return Finished(schema, schemas);
    }

    private static JsonElement OutputOf(MethodDescriptor method, ContractTexts texts)
    {
        var schemas = new JsonSchemas(texts, "#/$defs/", areAnswers: true);
        return Finished(schemas.Whole(method.OutputType), schemas);
    }

    private static JsonElement Finished(JsonObject schema, JsonSchemas schemas)
    {
        if (schemas.Definitions() is { Count: > 0 } definitions)
            schema["$defs"] = definitions;
        return JsonSerializer.SerializeToElement(schema);
    }
}
