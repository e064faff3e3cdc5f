using System.Text.Json;
using System.Text.Json.Nodes;
using AgentPlatform.Contracts.Access.V1;
using AgentPlatform.Contracts.Vault.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace AgentPlatform.Gateway;

/// <summary>A tool: an RPC under a name, with the fields of its request as arguments.</summary>
public sealed class McpTool
{
    /// <summary>How a tool that follows something is told how long to wait.</summary>
    public const string WaitArgument = "waitSeconds";

    /// <summary>The tool's name.</summary>
    public required string Name { get; init; }

    /// <summary>What it does, for a model.</summary>
    public required string Description { get; init; }

    /// <summary>What it calls.</summary>
    public required MethodDescriptor Method { get; init; }

    /// <summary>Who may call that.</summary>
    public required Access Access { get; init; }

    /// <summary>The fields that are its arguments.</summary>
    public required IReadOnlyList<FieldDescriptor> Arguments { get; init; }

    /// <summary>The repeated field of the request in which the arguments stand, as its only member, save those that the request itself has; null when they are the request's own.</summary>
    public FieldDescriptor? Member { get; init; }

    /// <summary>The schema of the arguments.</summary>
    public required JsonElement InputSchema { get; init; }

    /// <summary>The schema of the result.</summary>
    public required JsonElement OutputSchema { get; init; }

    /// <summary>Whether it changes something.</summary>
    public bool IsMutation => Access.Idempotency != Idempotency.Unspecified;

    /// <summary>Whether it reads a table, whose pieces are one answer.</summary>
    public bool ReadsTable => Method.OutputType == ReadTableResponse.Descriptor;

    /// <summary>Whether it follows something, as long as it is told to.</summary>
    public bool Follows => Method.IsServerStreaming && !ReadsTable;

    /// <summary>The request of a call; INVALID_ARGUMENT that names what is wrong with the arguments.</summary>
    public IMessage Bind(IEnumerable<KeyValuePair<string, JsonElement>> arguments)
    {
        var checks = new FieldChecks();
        var request = new JsonObject();
        var member = new JsonObject();
        foreach (var (name, value) in arguments)
        {
            var field = Arguments.FirstOrDefault(f => f.JsonName == name || f.Name == name);
            if (Follows && name == WaitArgument)
                continue;
            checks.Require(field is not null, name, "is not known");
            if (field is not null)
                (field.ContainingType == Method.InputType ? request : member)[field.JsonName] = JsonNode.Parse(value.GetRawText());
        }
        checks.ThrowIfAny();
        if (Member is not null)
            request[Member.JsonName] = new JsonArray(member);
        try
        {
            return JsonParser.Default.Parse(request.ToJsonString(), Method.InputType);
        }
        // Its messages name the place and what was expected there, and nothing of ours.
        catch (Exception e) when (e is InvalidProtocolBufferException or InvalidJsonException or FormatException or OverflowException or ArgumentException or InvalidOperationException)
        {
            throw Errors.InvalidArgument([new FieldViolation("arguments", $"are not as {Name} takes them: {e.Message}")]);
        }
    }
}
