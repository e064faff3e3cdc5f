using System.Text.Json;
using Grpc.Core;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace AgentPlatform.Gateway;

/// <summary>
/// Answers MCP clients at <c>/mcp</c> by streamable HTTP. Each request is answered by itself, by whichever gateway it reaches: see <see cref="McpSession"/> and <see cref="McpResume"/>.
/// </summary>
public sealed partial class McpMiddleware(
    RequestDelegate next, EdgeGate gate, McpRequests requests, McpTools tools, McpSettings settings, AccessRules access, TimeProvider clock, ILogger<McpMiddleware> log)
{
    /// <summary>Where MCP is.</summary>
    public const string Path = "/mcp";

    private const string VersionHeader = "mcp-protocol-version";
    private const int BodyMaximumBytes = 1024 * 1024;

    // The one revision whose clients come back with an event id.
    private const string ResumableVersion = "2025-11-25";

    public Task InvokeAsync(HttpContext context) => context.Request.Path != Path ? next(context) : AnswerAsync(context);

    private async Task AnswerAsync(HttpContext context)
    {
        try
        {
            // In this order: a page that must not call learns nothing, not even whether its reader has a token.
            if (!settings.Allows(context.Request.Headers.Origin.ToString()))
                throw Errors.PermissionDenied("ORIGIN_NOT_ALLOWED", "Pages of this origin may not call; see the setting Mcp:Origins.");
            var caller = await gate.CallerOfAsync(context);
            var (madeAt, bytes) = await TakeAsync(context);
            await AnswerAsync(context, caller, madeAt, bytes);
        }
        catch (PlatformException refusal) when (!context.Response.HasStarted)
        {
            await Problem.Of(refusal).WriteAsync(context);
        }
    }

    // A POST brings a message. A GET is for what a server says by itself, which this one never does, or goes on with a call.
    private async Task<(DateTimeOffset MadeAt, byte[] Message)> TakeAsync(HttpContext context)
    {
        var now = clock.GetUtcNow();
        var request = context.Request;
        if (HttpMethods.IsPost(request.Method))
        {
            if (!request.Headers.Accept.ToString().Contains("text/event-stream", StringComparison.OrdinalIgnoreCase))
                throw Errors.InvalidArgument([new FieldViolation("accept", "must name text/event-stream, as answers are streams")]);
            return (now, (await RequestBody.ReadAsync(context, BodyMaximumBytes)).ToArray());
        }
        if (HttpMethods.IsGet(request.Method) && request.Headers["last-event-id"].ToString() is { Length: > 0 } id)
            return McpResume.CallOf(id, now) ?? throw Errors.InvalidArgument([new FieldViolation("last-event-id", "is of no call that can be gone on with")]);
        context.Response.Headers.Allow = "POST";
        throw new PlatformException(StatusCode.Unimplemented, "METHOD_NOT_ALLOWED", $"{Path} takes POST; it says nothing unasked, and keeps no session that could be deleted.");
    }

    private async Task AnswerAsync(HttpContext context, Caller caller, DateTimeOffset madeAt, byte[] bytes)
    {
        var message = Parse(bytes);
        var response = context.Response;
        var session = context.Request.Headers[McpSession.Header].ToString();
        if (message is JsonRpcRequest { Method: RequestMethods.Initialize })
            response.Headers[McpSession.Header] = session = McpSession.Begin(clock);
        else if (session.Length > 0 && !McpSession.IsAlive(session, clock))
            throw Errors.NotFound("SESSION_EXPIRED", "There is no such session, or it has ended; initialize a new one.");
        if (message is JsonRpcNotification { Method: NotificationMethods.CancelledNotification } notice && CancelledOf(notice) is { } cancelled)
            requests.Cancel(caller, session, cancelled);
        using var request = message is JsonRpcRequest { Method: RequestMethods.ToolsCall } call && session.Length > 0 ? requests.Begin(caller, session, $"{call.Id}") : null;
        var version = context.Request.Headers[VersionHeader].ToString();
        if (version.Length > 0)
            message.Context = new JsonRpcMessageContext { ProtocolVersion = version };

        (response.ContentType, response.Headers.CacheControl, response.Headers.XContentTypeOptions) = ("text/event-stream", "no-store", "nosniff");
        response.Headers["X-Accel-Buffering"] = "no";
        if (message is JsonRpcRequest { Method: RequestMethods.ToolsCall } && version == ResumableVersion && McpResume.IdOf(madeAt, bytes) is { } id)
            await response.Body.WriteAsync(McpResume.Event(id), context.RequestAborted);

        await using var transport = new StreamableHttpServerTransport { Stateless = true, SessionId = session.Length > 0 ? session : null };
        await using var server = McpServer.Create(transport, Options(context, caller, session, madeAt, request?.TakenBack ?? CancellationToken.None), null, context.RequestServices);
        var running = server.RunAsync(context.RequestAborted);
        if (!await transport.HandlePostRequestAsync(message, response.Body, context.RequestAborted))
            (response.StatusCode, response.ContentType) = (StatusCodes.Status202Accepted, null);
        await transport.DisposeAsync();
        await running;
    }

    private McpServerOptions Options(HttpContext context, Caller caller, string session, DateTimeOffset madeAt, CancellationToken takenBack)
    {
        var way = new GatewayCalls(context, next);
        var calls = new McpCalls(way, tools, session, madeAt, clock, takenBack);
        var resources = new McpResources(way, access, caller);
        return new McpServerOptions
        {
            ServerInfo = new Implementation { Name = "agentplatform", Title = "AgentPlatform", Version = typeof(McpMiddleware).Assembly.GetName().Version!.ToString(3) },
            ServerInstructions = "The control plane of a fleet of agents. Tools act as whoever the token names. What needs a person's consent is asked for with request_approval and waited for with "
                + "await_approval. A repeat of a call within some minutes is not done again; to do a thing twice, say something different.",
            Capabilities = new ServerCapabilities { Tools = new ToolsCapability(), Resources = new ResourcesCapability() },
            Handlers = new McpServerHandlers
            {
                ListToolsHandler = (_, _) => ValueTask.FromResult(new ListToolsResult { Tools = [.. tools.Of(caller).Select(ToTool)] }),
                CallToolHandler = (call, cancellation) => LoggedAsync(calls.CallAsync(call, cancellation)),
                ListResourceTemplatesHandler = (_, _) => ValueTask.FromResult(McpResources.Templates()),
                ListResourcesHandler = (list, cancellation) => LoggedAsync(resources.ListAsync(list.Params?.Cursor, cancellation)),
                ReadResourceHandler = (read, cancellation) => LoggedAsync(resources.ReadAsync(read.Params?.Uri ?? "", cancellation)),
            },
        };
    }

    // The library's own log is off, since it takes a client's mistakes for failures of ours; what is one is logged here.
    private async ValueTask<T> LoggedAsync<T>(ValueTask<T> answer)
    {
        try { return await answer; }
        catch (Exception e) when (e is not (McpException or OperationCanceledException))
        {
            Failed(log, e);
            throw;
        }
    }

    [LoggerMessage(LogLevel.Error, "A call by MCP failed")]
    private static partial void Failed(ILogger log, Exception cause);

    private static Tool ToTool(McpTool tool) => new()
    {
        Name = tool.Name,
        Description = tool.Description,
        InputSchema = tool.InputSchema,
        OutputSchema = tool.OutputSchema,
        Annotations = new ToolAnnotations { ReadOnlyHint = !tool.IsMutation, DestructiveHint = false, IdempotentHint = true, OpenWorldHint = false },
    };

    private static JsonRpcMessage Parse(byte[] bytes)
    {
        try
        {
            if (JsonSerializer.Deserialize<JsonRpcMessage>(bytes, McpJsonUtilities.DefaultOptions) is { } message)
            {
                CheckParameters(message as JsonRpcRequest);
                return message;
            }
        }
        // What is wrong is said with its place below, as far as it may be told.
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException) { }
        throw Errors.InvalidArgument([new FieldViolation("body", "must be one JSON-RPC 2.0 message, with the parameters of its method")]);
    }

    private static string? CancelledOf(JsonRpcNotification notice)
    {
        try { return notice.Params?.Deserialize<CancelledNotificationParams>(McpJsonUtilities.DefaultOptions)?.RequestId.ToString(); }
        // A notification has no answer, so nobody can be told.
        catch (JsonException) { return null; }
    }

    // The library would call what does not fit an error of its own.
    private static void CheckParameters(JsonRpcRequest? request)
    {
        var type = request?.Method switch
        {
            RequestMethods.Initialize => typeof(InitializeRequestParams),
            RequestMethods.ToolsList => typeof(ListToolsRequestParams),
            RequestMethods.ToolsCall => typeof(CallToolRequestParams),
            RequestMethods.ResourcesList => typeof(ListResourcesRequestParams),
            RequestMethods.ResourcesTemplatesList => typeof(ListResourceTemplatesRequestParams),
            RequestMethods.ResourcesRead => typeof(ReadResourceRequestParams),
            _ => null,
        };
        if (type is not null && request!.Params is { } given)
            given.Deserialize(type, McpJsonUtilities.DefaultOptions);
    }
}
