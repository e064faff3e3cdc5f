using System.Text.Json;
using System.Text.Json.Nodes;
using AgentPlatform.Contracts.Vault.V1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AgentPlatform.Gateway;

/// <summary>Calls tools for one request of an MCP client, as its caller.</summary>
/// <param name="calls">The way of all calls.</param>
/// <param name="tools">The tools.</param>
/// <param name="session">The id of the client's session; empty when it has none.</param>
/// <param name="madeAt">When this call was made first.</param>
/// <param name="clock">The clock.</param>
/// <param name="takenBack">Cancelled when the client takes the request back.</param>
internal sealed class McpCalls(GatewayCalls calls, McpTools tools, string session, DateTimeOffset madeAt, TimeProvider clock, CancellationToken takenBack)
{
    private const string InFlight = "IDEMPOTENCY_IN_FLIGHT";
    private const int InFlightTries = 10;
    private static readonly TimeSpan InFlightPause = TimeSpan.FromMilliseconds(500);

    /// <summary>Calls a tool. What a service refuses is a result, for the model to read, and no error of the protocol.</summary>
    public async ValueTask<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> context, CancellationToken cancellation)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(takenBack, cancellation);
        try { return await DoAsync(context, either.Token); }
        // Nobody reads it; but without a result clients come back for one, which would make the call again.
        catch (OperationCanceledException) when (takenBack.IsCancellationRequested)
        {
            return Refused(Problem.Of(new PlatformException(Grpc.Core.StatusCode.Cancelled, "CANCELLED", "The client has taken the call back.")));
        }
    }

    private async Task<CallToolResult> DoAsync(RequestContext<CallToolRequestParams> context, CancellationToken cancellation)
    {
        var asked = context.Params ?? throw new McpProtocolException("A tool call names a tool.", McpErrorCode.InvalidParams);
        var tool = tools.Find(asked.Name) ?? throw new McpProtocolException($"There is no tool {asked.Name}.", McpErrorCode.InvalidParams);
        try
        {
            var arguments = asked.Arguments ?? new Dictionary<string, JsonElement>();
            var request = tool.Bind(arguments);
            if (request is ReadTableRequest table)
                return await new McpTables(calls, tool.Method).ReadAsync(table, cancellation);
            var answer = tool.Follows
                ? await FollowAsync(context, tool, request, WaitOf(arguments), cancellation)
                : await CallOnceAsync(tool, request, cancellation);
            return answer.Problem is { } problem ? Refused(problem) : Done(answer);
        }
        catch (PlatformException refusal) { return Refused(Problem.Of(refusal)); }
    }

    private async Task<GatewayAnswer> CallOnceAsync(McpTool tool, IMessage request, CancellationToken cancellation)
    {
        var key = tool.IsMutation ? McpKey.Of(session, tool.Name, request, madeAt) : null;
        for (var tries = 1; ; tries++)
        {
            var answer = await calls.CallAsync(tool.Method, request, key, null, cancellation);
            // The call of a connection that broke goes on for a moment; its answer is this one's.
            if (answer.Problem?.Reason != InFlight || tries == InFlightTries)
                return answer;
            await Task.Delay(InFlightPause, clock, cancellation);
        }
    }

    private async Task<GatewayAnswer> FollowAsync(RequestContext<CallToolRequestParams> context, McpTool tool, IMessage request, TimeSpan wait, CancellationToken cancellation)
    {
        using var time = new CancellationTokenSource(wait, clock);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(time.Token, cancellation);
        var told = 0;
        IMessage? last = null;
        try
        {
            return await calls.CallAsync(tool.Method, request, null, async (message, stop) =>
            {
                last = message;
                if (context.Params!.ProgressToken is { } token)
                    await context.Server.NotifyProgressAsync(token, new ProgressNotificationValue { Progress = ++told, Message = HowFar(message) }, cancellationToken: stop);
            }, either.Token);
        }
        // The time is up: how it stood last is the answer.
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested && last is not null) { return new GatewayAnswer(last, null, false); }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            throw new PlatformException(Grpc.Core.StatusCode.DeadlineExceeded, "DEADLINE_EXCEEDED", $"Nothing came within {wait.TotalSeconds} s.");
        }
    }

    private static TimeSpan WaitOf(IDictionary<string, JsonElement> arguments)
    {
        if (!arguments.TryGetValue(McpTool.WaitArgument, out var given))
            return TimeSpan.FromSeconds(McpTools.WaitDefaultSeconds);
        return given.ValueKind == JsonValueKind.Number && given.TryGetInt32(out var seconds) && seconds is >= 1 and <= McpTools.WaitMaximumSeconds
            ? TimeSpan.FromSeconds(seconds)
            : throw Errors.InvalidArgument([new FieldViolation(McpTool.WaitArgument, $"must be 1–{McpTools.WaitMaximumSeconds}")]);
    }

    // What is followed is an answer's first message; it has a state, and perhaps says how far it is.
    private static string HowFar(IMessage message)
    {
        var thing = message.Descriptor.Fields.InDeclarationOrder()[0].Accessor.GetValue(message) as IMessage ?? message;
        var said = new[] { "status", "progress_percent", "progress_message" }.Select(thing.Descriptor.FindFieldByName).OfType<FieldDescriptor>()
            .Select(f => (Field: f, Value: f.Accessor.GetValue(thing)))
            .Select(v => v.Field.FieldType == FieldType.Enum ? v.Field.EnumType.FindValueByNumber((int)v.Value)?.Name : v.Value is int percent ? $"{percent} %" : v.Value as string);
        return string.Join(", ", said.Where(s => !string.IsNullOrEmpty(s)));
    }

    /// <summary>The result of a call that went well.</summary>
    public static CallToolResult Done(string json) => new() { Content = [new TextContentBlock { Text = json }], StructuredContent = JsonElement.Parse(json) };

    private static CallToolResult Done(GatewayAnswer answer)
    {
        var result = Done(JsonFormatter.Default.Format(answer.Message));
        if (answer.IsReplayed)
        {
            result.Content.Add(new TextContentBlock { Text = "The same call was made a short while ago: nothing new was done, and this is its answer from then." });
            result.Meta = new JsonObject { ["agentplatform/replayed"] = true };
        }
        return result;
    }

    /// <summary>The result of a call that was refused.</summary>
    public static CallToolResult Refused(Problem problem) => new()
    {
        IsError = true,
        Content = [new TextContentBlock { Text = $"{problem.Reason}: {problem.Message}" }, new TextContentBlock { Text = problem.ToJson("") }],
    };
}
